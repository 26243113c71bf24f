package report

import (
	"math"
	"testing"

	"theriac/analysis/stats"
)

// Seeds that are too few for any test are held against what the committed ones lead to expect.
func TestLost(t *testing.T) {
	at := func(value float64, seeds int) stats.Estimate { return stats.Estimate{Value: value, N: seeds} }
	test := func(p float64) stats.Test { return stats.Test{P: p, SmallestP: p} }
	shown, expected := test(.001), stats.Interval{Low: .8, High: 1}
	endless := stats.Interval{Low: math.Inf(-1), High: math.Inf(1)}
	for name, c := range map[string]struct {
		r    Replicated
		lost bool
	}{
		"never shown":                    {Replicated{CommittedTest: test(.125), FreshTest: test(.2), Fresh: at(.9, 2)}, false},
		"shown again":                    {Replicated{CommittedTest: shown, FreshTest: test(.01), Fresh: at(.1, 8), Expected: expected}, false},
		"not shown again":                {Replicated{CommittedTest: shown, FreshTest: test(.06), Fresh: at(.9, 8), Expected: expected}, true},
		"eight seeds, half of them zero": {Replicated{CommittedTest: shown, FreshTest: test(.0625), Fresh: at(.9, 8), Expected: expected}, true},
		"two seeds, as expected":         {Replicated{CommittedTest: shown, FreshTest: test(.25), Fresh: at(.9, 2), Expected: expected}, false},
		"two seeds, far below":           {Replicated{CommittedTest: shown, FreshTest: test(.25), Fresh: at(.7, 2), Expected: expected}, true},
		"two seeds, far above":           {Replicated{CommittedTest: shown, FreshTest: test(.25), Fresh: at(1.1, 2), Expected: expected}, false},
		"less, far above":                {Replicated{Kind: "less", CommittedTest: shown, FreshTest: test(.25), Fresh: at(1.1, 2), Expected: expected}, true},
		"less, far below":                {Replicated{Kind: "less", CommittedTest: shown, FreshTest: test(.25), Fresh: at(.7, 2), Expected: expected}, false},
		"no fresh runs to compare":       {Replicated{CommittedTest: shown, FreshWords: "no run"}, true},
		"all alike, nothing again":       {Replicated{Kind: "greater", CommittedTest: shown, FreshTest: test(1), Fresh: at(0, 2), Expected: endless}, true},
		"all alike, nothing less again":  {Replicated{Kind: "less", CommittedTest: shown, FreshTest: test(1), Fresh: at(0, 2), Expected: endless}, true},
		"all alike, and again":           {Replicated{Kind: "greater", CommittedTest: shown, FreshTest: test(.25), Fresh: at(1, 2), Expected: endless}, false},
		"all alike, far below margin":    {Replicated{Kind: "non-inferior", CommittedTest: shown, FreshTest: test(1), Fresh: at(-.1, 2), Expected: endless}, true},
	} {
		if got := c.r.Lost(); got != c.lost {
			t.Errorf("%s: lost %v", name, got)
		}
	}
}
