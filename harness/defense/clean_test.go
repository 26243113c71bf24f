package defense

import (
	"fmt"
	"strings"
	"testing"

	"theriac/analysis/stats"
)

// Too few clean runs: the number that is asked for is the smallest that reaches alpha.
func TestEnoughCleanRuns(t *testing.T) {
	reaches := func(n int, alpha float64) bool {
		p, err := stats.ConformalP(make([]float64, n), 1)
		if err != nil {
			t.Fatal(err)
		}
		return p.SmallestP <= alpha
	}
	for _, c := range []struct {
		alpha float64
		want  int
	}{{.05, 19}, {.01, 99}, {.03, 33}, {1. / 3, 2}} {
		j := Judgement{P: 1, Smallest: 1}
		if v, why := j.Verdict(c.alpha, 1, "clean runs"); v != Inconclusive || !strings.HasSuffix(why, fmt.Sprintf("want at least %d", c.want)) {
			t.Errorf("alpha %v: %s, %s; want %d runs asked for", c.alpha, v, why, c.want)
		}
		if !reaches(c.want, c.alpha) || reaches(c.want-1, c.alpha) {
			t.Errorf("alpha %v: %d runs are not the fewest that reach it", c.alpha, c.want)
		}
	}
}
