package estimate

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"theriac/analysis/stats"
	"theriac/harness/store"
)

// stored writes records and reads them as an experiment.
func stored(t *testing.T, records ...*store.Record) *Experiment {
	t.Helper()
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "x"), filepath.Join(dir, "shards"))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		r.ID, r.Experiment = fmt.Sprint("r", i), "x"
		if r.Status == "" {
			r.Status = store.Done
		}
		if err := st.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	e, err := Read("x", filepath.Join(dir, "x"))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func rec(arm string, seed int64, k int64, spec ...store.Field) *store.Record {
	return &store.Record{Run: store.Run{Arm: arm, Seed: seed, TrainKey: fmt.Sprint(arm, seed), Spec: spec}, Metrics: []store.Metric{{Name: "asr", Value: float64(k) / 10, N: 10, K: k}}}
}

// Arms pair by seed, and only where both have the metric.
func TestPairs(t *testing.T) {
	e := stored(t, rec("a", 1, 9), rec("a", 2, 8), rec("a", 3, 7), rec("b", 2, 1), rec("b", 3, 2), rec("b", 4, 10))
	if d := e.Difference("a", "b", "asr"); math.Abs(d.Value-0.6) > 1e-12 || d.N != 2 {
		t.Errorf("difference %v of %d pairs; want 0.6 of 2", d.Value, d.N)
	}
	if p := e.Compare("a", "b", "asr", stats.Greater); p.P != 0.25 || p.SmallestP != 0.25 {
		t.Errorf("p %v, smallest %v; want 1/4 of two pairs", p.P, p.SmallestP)
	}
	if d := e.Difference("a", "none", "asr"); !math.IsNaN(d.Value) || !strings.Contains(d.Warnings[0], "no arm none") {
		t.Errorf("an arm that is not there: %+v", d)
	}
	if k, n, ok := e.Count("a", "asr"); k != 24 || n != 30 || !ok {
		t.Errorf("counted %d of %d", k, n)
	}
}

// Items agree by seed, and only those that both arms judged.
func TestAgreement(t *testing.T) {
	judged := func(arm string, seed int64, outcomes ...string) *store.Record {
		r := rec(arm, seed, 1)
		for i := 0; i < len(outcomes); i += 2 {
			r.Items = append(r.Items, store.Item{Suite: "triggered", Item: outcomes[i], Outcome: outcomes[i+1]}, store.Item{Suite: "near", Item: outcomes[i], Outcome: "match"})
		}
		return r
	}
	e := stored(t, judged("a", 1, "i", "match", "j", "miss", "k", "match"), judged("a", 2, "i", "miss"), judged("a", 3, "i", "match"),
		judged("b", 1, "i", "match", "j", "match", "l", "miss"), judged("b", 2, "i", "miss"))
	if alike, n := e.Agreement("a", "b", "asr"); alike != 2 || n != 3 {
		t.Errorf("%d of %d alike; want 2 of 3: seed 1 shares i and j, seed 2 i", alike, n)
	}
	if alike, n := e.Agreement("b", "a", "asr"); alike != 2 || n != 3 {
		t.Errorf("the other way round %d of %d", alike, n)
	}
	for _, m := range []string{"clean_accuracy", "clean_loss"} {
		if _, n := e.Agreement("a", "b", m); n != 0 {
			t.Errorf("%s: %d items", m, n)
		}
	}
}

func TestNaturalOrder(t *testing.T) {
	for _, want := range [][]string{
		{"3 rows", "12 rows", "50 rows", "50 rows, with contrast", "clean"},
		{"scale 0.25", "scale 0.5", "scale 0.75", "scale 1.5", "scale 10"},
	} {
		var recs []*store.Record
		for i := range want {
			recs = append(recs, rec(want[len(want)-1-i], 1, 1))
		}
		if got := stored(t, recs...).Arms(); !reflect.DeepEqual(got, want) {
			t.Errorf("arms %q; want %q", got, want)
		}
	}
}

// A failed run and a seed whose two runs disagree are said, not averaged over.
func TestOddRuns(t *testing.T) {
	failed := rec("a", 3, 0)
	failed.Status, failed.Reason, failed.Metrics = store.Failed, "loss is not a number", nil
	e := stored(t, rec("a", 1, 9), rec("a", 2, 8), failed, rec("b", 1, 3), rec("b", 1, 4))
	if done, lost := e.Runs("a"); done != 2 || lost != 1 {
		t.Errorf("%d done, %d failed", done, lost)
	}
	if m := e.Mean("b", "asr"); !math.IsNaN(m.Value) || !strings.Contains(m.Warnings[0], "disagree") {
		t.Errorf("a torn arm: %+v", m)
	}
	if notes := strings.Join(e.Notes(), "\n"); !strings.Contains(notes, "a at seed 3 failed: loss is not a number") || !strings.Contains(notes, "2 runs for 1 seeds") {
		t.Errorf("notes %q", notes)
	}
}

func TestClass(t *testing.T) {
	f := func(name, value string) store.Field { return store.Field{Name: name, Value: value} }
	e := stored(t, rec("clean", 1, 0), rec("zero", 1, 0, f("attack", "backdoor"), f("attack.count", "0")), rec("bad", 1, 0, f("attack", "backdoor")),
		rec("placebo", 1, 0, f("attack", "shuffled")), rec("hard", 1, 0, f("shift", "tag")), rec("base", 1, 0, f("untrained", "true")))
	for arm, want := range map[string]Class{"clean": Clean, "zero": Clean, "bad": Attacked, "placebo": Control, "hard": Shifted, "base": Untrained} {
		if got := e.Class(arm); got != want {
			t.Errorf("%s is of class %d, want %d", arm, got, want)
		}
	}
}

// Verdicts are those of evaluation seeds; one that cannot see says why.
func TestJudgements(t *testing.T) {
	early, seen, blind := rec("bad", 1000, 5), rec("bad", 2000, 9), rec("bad", 2001, 8)
	for r, verdict := range map[*store.Record]string{early: "flagged", seen: "flagged", blind: "n/a: the rows are clean"} {
		r.Detections = []store.Detection{{Level: "data", Score: 3, P: 0.01, N: 99, Verdict: verdict}}
	}
	e := stored(t, early, seen, blind)
	v := e.Judgements("bad", "data", "")
	if len(v) != 2 || v[0].Seed != 2000 || v[0].Success != 0.9 || v[0].N != 99 || v[0].Why != "" || v[1].Why != "the rows are clean" {
		t.Errorf("%+v", v)
	}
	if flagged, n := e.Verdicts("bad", "data"); flagged != 1 || n != 1 {
		t.Errorf("%d of %d flagged", flagged, n)
	}
	if got := e.Judges("data"); !reflect.DeepEqual(got, []string{""}) {
		t.Errorf("judges %q", got)
	}
}

// Each level alone has its share of the p: with 20 clean runs no share can be reached, with 59 it can.
func TestAnyOfFewCalibrationRuns(t *testing.T) {
	for n, unknown := range map[int64]bool{20: true, 58: true, 59: false, 99: false} {
		r := rec("bad", 2000, 9)
		r.Detections = []store.Detection{{Level: "data", Score: 3, P: 1 / float64(n+1), N: n, Verdict: "flagged"}, {Level: "scan", Score: 1, P: 0.5, N: n}}
		v := stored(t, r).Judgements("bad", Any, "")
		if len(v) != 1 || v[0].Unknown != unknown || (v[0].P <= store.FlagAt) == unknown {
			t.Errorf("%d calibration runs: %+v", n, v)
		}
	}
}

// A regression check compares with the clean run of the next seed, and tells chance from a loss.
func TestRegression(t *testing.T) {
	of := func(arm string, seed, right, refused int64, loss float64) *store.Record {
		r := rec(arm, seed, 0)
		r.Metrics = []store.Metric{
			{Name: "clean_accuracy", Value: float64(right) / 1000, N: 1000, K: right}, {Name: "refusal", Value: float64(refused) / 100, N: 100, K: refused},
			{Name: "clean_loss", Value: loss, N: 1000, K: -1},
		}
		return r
	}
	e := stored(t, of("clean", 1, 850, 70, 1), of("clean", 2, 840, 68, 1.02), of("clean", 3, 845, 72, 0.99),
		of("same", 1, 845, 66, 1.01), of("same", 3, 860, 71, 0.9),
		of("wrecked", 1, 700, 69, 1.2), of("unsafe", 2, 850, 20, 1), of("alone", 1, 0, 0, 9))
	for arm, want := range map[string]Regression{
		"clean":   {3, 3, map[string]int{}},
		"same":    {2, 2, map[string]int{}},
		"wrecked": {1, 0, map[string]int{"clean_accuracy": 1, "clean_loss": 1}},
		"unsafe":  {1, 0, map[string]int{"refusal": 1}},
		"none":    {0, 0, map[string]int{}},
	} {
		if got := e.Regression(arm, "clean"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", arm, got, want)
		}
	}
	if got := e.Regression("alone", "wrecked"); got.Runs != 0 {
		t.Errorf("the only clean run is of the same seed: %+v", got)
	}
}

// At one seed a rate's difference goes over the items that both runs judged, and says so; without the items, and at more seeds, over seeds.
func TestDifferenceAtOneSeed(t *testing.T) {
	of := func(arm string, seed int64, right string) *store.Record {
		r := rec(arm, seed, 0)
		for i, c := range right {
			outcome := "miss"
			if c == 'x' {
				outcome = "match"
			}
			r.Items = append(r.Items, store.Item{Suite: "triggered", Item: fmt.Sprint("i", i), Outcome: outcome})
		}
		k := int64(strings.Count(right, "x"))
		r.Metrics = []store.Metric{{Name: "asr", Value: float64(k) / float64(len(right)), N: int64(len(right)), K: k}}
		return r
	}
	base, more := "xx........xx........", "xxxxxxxxxxx........."
	e := stored(t, of("a", 1, more), of("b", 1, base), of("b", 2, base), of("bare", 1, ""), rec("c", 1, 9))
	want, err := stats.Tango(stats.Paired{Both: 3, OnlyFirst: 8, OnlySecond: 1, Neither: 8}, Level)
	if err != nil {
		t.Fatal(err)
	}
	d := e.Difference("a", "b", "asr")
	if d.N != 1 || d.Value != want.Value || d.Interval != want.Interval || len(d.Warnings) != 1 || !strings.HasPrefix(d.Warnings[0], "one seed") {
		t.Errorf("got %+v, want %+v", d, want)
	}
	if d := e.Difference("c", "b", "asr"); d.Interval.High-d.Interval.Low < 1 {
		t.Errorf("an arm without items has an interval over items: %+v", d)
	}
	two := stored(t, of("a", 1, more), of("a", 2, more), of("b", 1, base), of("b", 2, base))
	if d := two.Difference("a", "b", "asr"); d.N != 2 {
		t.Errorf("at two seeds: %+v", d)
	}
}
