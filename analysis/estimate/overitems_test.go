package estimate

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"theriac/analysis/stats"
	"theriac/harness/rng"
	"theriac/harness/store"
)

// judged is a run whose item i came out as right[i] says: x counts.
func judged(arm string, seed int64, right string) *store.Record {
	r := rec(arm, seed, 0)
	for i, c := range right {
		outcome := "miss"
		if c == 'x' {
			outcome = "match"
		}
		if c != ' ' { // not judged
			r.Items = append(r.Items, store.Item{Suite: "triggered", Item: fmt.Sprint("i", i), Outcome: outcome})
		}
	}
	k, n := int64(strings.Count(right, "x")), int64(len(r.Items))
	r.Metrics = []store.Metric{{Name: "asr", Value: float64(k) / float64(n), N: n, K: k}}
	return r
}

// At several seeds a rate's difference goes over seeds and items, as a rate does; only over seeds that both arms have.
func TestDifferenceOverSeedsAndItems(t *testing.T) {
	a := []string{"xxxxxx....", "xxxxx.....", "xxxx.xx...", "xxxxxxx...", "xxxxxx..x."}
	b := []string{"x.........", "..........", "x..x......", "..........", "x........."}
	var runs []*store.Record
	table := make([][]float64, len(a))
	for s := range a {
		runs = append(runs, judged("a", int64(s), a[s]), judged("b", int64(s), b[s]))
		for i := range a[s] {
			table[s] = append(table[s], oneIf(a[s][i] == 'x')-oneIf(b[s][i] == 'x'))
		}
	}
	runs = append(runs, judged("a", 9, "xxxxxxxxxx"), judged("b", 10, "xxxxxxxxxx"))
	want, err := stats.BootstrapCrossed(rng.Stream(0, "lab", "x", "a", "b", "asr"), table, stats.Differences, Resamples, Level)
	if err != nil {
		t.Fatal(err)
	}
	d := stored(t, runs...).Difference("a", "b", "asr")
	if d.Value != want.Value || d.Interval != want.Interval || d.N != 5 || !strings.Contains(d.Method, "5 seeds x 10 items") {
		t.Errorf("got %+v, want %+v", d, want)
	}
	if bySeed := stored(t, runs...).Differences("a", "b", "asr"); math.Abs(d.Value-(bySeed[0]+bySeed[1]+bySeed[2]+bySeed[3]+bySeed[4])/5) > 1e-12 {
		t.Errorf("value %v: want the mean of %v", d.Value, bySeed)
	}
}

// Where items do not bear out the seeds' differences, the interval is over seeds.
func TestDifferenceOverSeedsAlone(t *testing.T) {
	other := judged("b", 2, "x.x.")
	other.Items[0].Item, other.Items[1].Item, other.Items[2].Item, other.Items[3].Item = "j0", "j1", "j2", "j3"
	for name, runs := range map[string][]*store.Record{
		"no items":                    {rec("a", 1, 9), rec("b", 1, 2), rec("a", 2, 8), rec("b", 2, 3)},
		"no items at one seed":        {judged("a", 1, "xxx."), judged("b", 1, "x..."), rec("a", 2, 8), rec("b", 2, 2)},
		"other items at one seed":     {judged("a", 1, "xxx."), judged("b", 1, "x..."), judged("a", 2, "xx.."), other},
		"more items at one seed":      {judged("a", 1, "xxx."), judged("b", 1, "x..."), judged("a", 2, "xx......"), judged("b", 2, "........")},
		"an item that only one meets": {judged("a", 1, "xxx."), judged("b", 1, "x..."), judged("a", 2, "xx.."), judged("b", 2, ".x. ")},
	} {
		e := stored(t, runs...)
		d, bySeed := e.Difference("a", "b", "asr"), e.Differences("a", "b", "asr")
		if !strings.HasPrefix(d.Method, "bootstrap of the mean") || math.Abs(d.Value-(bySeed[0]+bySeed[1])/2) > 1e-12 {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// Eight seeds without any difference: the interval is by the seeds, the smaller side, and says so.
func TestDifferenceNowhere(t *testing.T) {
	var runs []*store.Record
	for s := range int64(8) {
		runs = append(runs, judged("a", s, "x........."), judged("b", s, "x........."))
	}
	d := stored(t, runs...).Difference("a", "b", "asr")
	if d.Value != 0 || math.Abs(d.Interval.High-0.369) > 1e-3 || d.N != 8 || !strings.Contains(d.Warnings[0], "by the 8 seeds alone") {
		t.Errorf("%+v", d)
	}
}

// The curve of reports is logarithmic in the dose with a fitted ceiling, and clean rows are no reason to warn.
func TestDoseCurveHasACeiling(t *testing.T) {
	var runs []*store.Record
	var doses []Dose
	for i, k := range []int64{0, 0, 20, 100, 150, 160, 160} {
		arm, n := fmt.Sprint("d", i), []float64{0, 3, 6, 12, 25, 50, 100}[i]
		doses = append(doses, Dose{arm, n})
		for s := range int64(5) {
			r := rec(arm, s, 0)
			hits := max(0, k+2*(s-2))
			if k == 0 {
				hits = 0
			}
			r.Metrics = []store.Metric{{Name: "asr", Value: float64(hits) / 200, N: 200, K: hits}}
			runs = append(runs, r)
		}
	}
	fit, err := stored(t, runs...).DoseResponse(doses, "asr")
	if err != nil {
		t.Fatal(err)
	}
	if fit.Options.Scale != stats.LogScale || math.Abs(fit.Ceiling.Value-0.8) > 0.02 || strings.Contains(strings.Join(fit.Warnings, " "), "dose 0") || len(fit.ED50.Estimate.Warnings) > 0 {
		t.Errorf("ceiling %v, warnings %q, of ED50 %q", fit.Ceiling.Value, fit.Warnings, fit.ED50.Estimate.Warnings)
	}
}
