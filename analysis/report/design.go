package report

import (
	"fmt"
	"math"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/rng"
)

// designTable says, for each number of seeds that occurs, the smallest p and what a family needs.
func (r *renderer) designTable() string {
	t := tables.Table{Header: []string{"seeds", "smallest p, one-sided", "smallest p of the family (Holm)", "can the family be confirmed?"}, Right: []bool{true, true, true}}
	sizes := map[int]bool{}
	for _, c := range claims {
		sizes[r.pairs(c)] = true
	}
	needed := 1
	for float64(len(claims))*math.Exp2(-float64(needed)) > estimate.Alpha {
		needed++
	}
	for n := 1; n <= 10000; n++ {
		if !sizes[n] && n != needed {
			continue
		}
		p := math.Exp2(-float64(n))
		family := math.Min(1, float64(len(claims))*p)
		verdict := "no"
		if family <= estimate.Alpha {
			verdict = "yes"
		}
		seeds := fmt.Sprint(n)
		if !sizes[n] {
			seeds += " (the fewest that could)"
		}
		t.Add(seeds, plainP(p), plainP(family), verdict)
	}
	return markdown(&t)
}

// pairs is how many seeds a claim's arms have in common.
func (r *renderer) pairs(c claim) int {
	return len(r.experiment(c.experiment).Differences(c.arm, c.baseline, c.metric))
}

// studies are simulated for each power of few seeds.
const studies = 2000

// powerTable is the chance that one test, taken alone, finds an effect, in standard deviations of the paired
// differences, at the seeds that occur.
func (r *renderer) powerTable() (string, error) {
	sizes := map[int]bool{}
	for _, c := range claims {
		sizes[r.pairs(c)] = true
	}
	effects := []float64{0.5, 1, 2, 4}
	t := tables.Table{Header: []string{"seeds"}, Right: []bool{true}}
	for _, d := range effects {
		t.Header, t.Right = append(t.Header, fmt.Sprintf("power at %g SD", d)), append(t.Right, true)
	}
	for n := 1; n <= 10000; n++ {
		if !sizes[n] {
			continue
		}
		row := []string{fmt.Sprint(n)}
		for _, d := range effects {
			p, err := stats.SignFlipPower(rng.Stream(0, "report", "power"), n, d, estimate.Alpha, stats.Greater, studies)
			if err != nil {
				return "", fmt.Errorf("power of %d seeds: %w", n, err)
			}
			row = append(row, tables.Percent(p.Power)+" %")
		}
		t.Add(row...)
	}
	if len(t.Rows) == 0 {
		return "*No seed is stored: there is no design to judge.*\n", nil
	}
	return markdown(&t), nil
}
