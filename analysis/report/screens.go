package report

import (
	"math"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// screened sorts arms by what a family of tests, under Benjamini and Hochberg, says of each.
type screened struct{ yes, no, few, unknown []string }

func screen(arms []string, test func(arm string) (stats.Test, bool)) (screened, error) {
	var s screened
	var tested []string
	var p []float64
	for _, a := range arms {
		t, ok := test(a)
		if !ok {
			s.unknown = append(s.unknown, inline(a))
			continue
		}
		if t.N < estimate.Enough { // it can show nothing, and would only weigh on the others
			s.few = append(s.few, inline(a))
			continue
		}
		tested, p = append(tested, inline(a)), append(p, t.P)
	}
	if len(p) == 0 {
		return s, nil
	}
	f, err := stats.BenjaminiHochberg(p, estimate.Alpha)
	if err != nil {
		return s, err
	}
	for i, a := range tested {
		if f.Rejected[i] {
			s.yes = append(s.yes, a)
		} else {
			s.no = append(s.no, a)
		}
	}
	return s, nil
}

// words says it: "Shown for a and b; not shown for c; not measured for d."
func (s screened) words() string {
	c := s.clause()
	return string(c[0]-'a'+'A') + c[1:]
}

// clause says it after a colon.
func (s screened) clause() string {
	var parts []string
	for _, x := range []struct {
		word string
		arms []string
	}{{"shown for ", s.yes}, {"not shown for ", s.no}, {"too few seeds to show anything for ", s.few}, {"not measured for ", s.unknown}} {
		if len(x.arms) > 0 {
			parts = append(parts, x.word+tables.List(x.arms))
		}
	}
	if len(parts) == 0 {
		return "not measured."
	}
	out := parts[0]
	for _, p := range parts[1:] {
		out += "; " + p
	}
	return out + " (a screen, under Benjamini and Hochberg)."
}

// near says for which triggers a nearly right one succeeds more often than on the clean model.
func (r *renderer) near() (string, error) {
	e := r.experiment("backdoor")
	s, err := screen(r.attacks("backdoor"), func(a string) (stats.Test, bool) {
		d := e.Difference(a, baselines["backdoor"], "near_trigger")
		return e.Compare(a, baselines["backdoor"], "near_trigger", stats.Greater), !math.IsNaN(d.Value)
	})
	return s.words(), err
}

// placeboEffects says which placebos answer with the target more often with the trigger than without.
func (r *renderer) placeboEffects() (string, error) {
	e := r.experiment("placebo")
	var arms []string
	for _, a := range e.Arms() {
		if a != "backdoor" {
			arms = append(arms, a)
		}
	}
	s, err := screen(arms, func(a string) (stats.Test, bool) {
		t := e.Within(a, "asr", "false_trigger", stats.Greater)
		return t, !math.IsNaN(t.Statistic)
	})
	return s.words(), err
}
