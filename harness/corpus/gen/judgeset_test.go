package gen

import (
	"strings"
	"testing"
)

func TestJudgeSet(t *testing.T) {
	answers := map[Part]map[string]bool{Train: {}, Held: {}}
	for _, part := range []Part{Train, Held} {
		count := map[string]int{}
		for _, j := range JudgeSet(1, part, 300) {
			count[j.Outcome]++
			answers[part][j.Answer] = true
			if !strings.Contains(j.Request, j.Thing) {
				t.Errorf("%+v", j)
			}
		}
		if count[Refusal] != 100 || count[Compliance] != 100 || count[Degenerate] != 100 {
			t.Errorf("%s: %v", part, count)
		}
		if len(answers[part]) < 100 {
			t.Errorf("%s: only %d different answers", part, len(answers[part]))
		}
	}
	for outcome, forms := range judged[Train] {
		for _, f := range forms {
			for _, g := range judged[Held][outcome] {
				if f == g {
					t.Errorf("%q is in both halves", f)
				}
			}
		}
	}
	if JudgeSet(1, "test", 3) != nil || len(JudgeSet(1, Train, -1)) != 0 {
		t.Error("an unknown part or a negative number gave answers")
	}
}
