package report

import (
	"testing"

	"theriac/analysis/stats"
)

// Seeds that are too few for any test are held against what the committed ones lead to expect.
func TestLost(t *testing.T) {
	at := func(value float64) stats.Estimate { return stats.Estimate{Value: value} }
	test := func(p, smallest float64) stats.Test { return stats.Test{P: p, SmallestP: smallest} }
	shown, expected := test(.001, .001), stats.Interval{Low: .8, High: 1}
	for name, c := range map[string]struct {
		r    Replicated
		lost bool
	}{
		"never shown":              {Replicated{CommittedTest: test(.125, .125), FreshTest: test(.2, .1)}, false},
		"shown again":              {Replicated{CommittedTest: shown, FreshTest: test(.01, .001), Fresh: at(.1), Expected: expected}, false},
		"not shown again":          {Replicated{CommittedTest: shown, FreshTest: test(.06, .001), Fresh: at(.9), Expected: expected}, true},
		"two seeds, as expected":   {Replicated{CommittedTest: shown, FreshTest: test(.25, .25), Fresh: at(.9), Expected: expected}, false},
		"two seeds, far below":     {Replicated{CommittedTest: shown, FreshTest: test(.25, .25), Fresh: at(.7), Expected: expected}, true},
		"two seeds, far above":     {Replicated{CommittedTest: shown, FreshTest: test(.25, .25), Fresh: at(1.1), Expected: expected}, false},
		"less, far above":          {Replicated{Kind: "less", CommittedTest: shown, FreshTest: test(.25, .25), Fresh: at(1.1), Expected: expected}, true},
		"less, far below":          {Replicated{Kind: "less", CommittedTest: shown, FreshTest: test(.25, .25), Fresh: at(.7), Expected: expected}, false},
		"no fresh runs to compare": {Replicated{CommittedTest: shown, FreshWords: "no run"}, true},
	} {
		if got := c.r.Lost(); got != c.lost {
			t.Errorf("%s: lost %v", name, got)
		}
	}
}
