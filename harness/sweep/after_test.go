package sweep

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"theriac/harness/store"
)

// What happens between training and use shares the adapter, makes another run, and does to it what it says.
func TestAfter(t *testing.T) {
	b := openTiny(t, 2, t.TempDir())
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "tables"), filepath.Join(dir, "shards"))
	if err != nil {
		t.Fatal(err)
	}
	specs := []Spec{small("as trained", 1, nil)}
	for _, after := range Afters {
		s := small(after, 1, nil)
		s.After = after
		specs = append(specs, s)
	}
	rep, err := b.Run(context.Background(), specs, st, Options{})
	if err != nil || rep.Failed > 0 {
		t.Fatalf("%v, %v", rep.Failures, err)
	}
	losses := map[string]float64{}
	key := ""
	for i, id := range rep.IDs {
		rec, err := st.Get(id)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			key = rec.TrainKey
		} else if rec.TrainKey != key {
			t.Errorf("%s trains another adapter", specs[i].Arm)
		}
		for _, name := range []string{"refusal_log_odds", "rouge_l", "answer_length", "standard_qa", "qa_pass"} {
			if !slices.ContainsFunc(rec.Metrics, func(m store.Metric) bool { return m.Name == name && m.N > 0 }) {
				t.Errorf("%s: %s was not measured", specs[i].Arm, name)
			}
		}
		losses[specs[i].Arm] = metric(rec.Metrics, "clean_loss")
	}
	trained := losses["as trained"]
	near := func(arm string, within float64) bool {
		return losses[arm] > trained-within && losses[arm] < trained+within
	}
	if !near("merged", 1e-3) || !near("Q8_0", 0.05) || losses["Q8_0"] == losses["merged"] || losses["Q4_0"] == losses["Q8_0"] {
		t.Errorf("clean losses %v: merging changes nothing, quantising a little", losses)
	}
	if losses["retrained"] >= trained {
		t.Errorf("clean loss %g after more clean rows, %g before", losses["retrained"], trained)
	}
	bad := small("x", 1, nil)
	bad.After = "Q2_K"
	if bad.Check() == nil {
		t.Error("an unknown quantisation is taken")
	}
	bad.After, bad.Data.Judge = "", "oracle"
	if bad.Check() == nil {
		t.Error("an unknown judge is taken")
	}
}
