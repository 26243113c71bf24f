package sweep

import (
	"bytes"
	"testing"

	"theriac/harness/defense"
	"theriac/harness/defense/prevent"
	"theriac/harness/store"
)

func metricOf(r *store.Record, name string) (float64, bool) {
	for _, m := range r.Metrics {
		if m.Name == name {
			return m.Value, true
		}
	}
	return 0, false
}

// Every prevention changes what is trained or deployed; those that act afterwards share the training of the undefended run.
func TestPreventions(t *testing.T) {
	b := openTiny(t, 2, t.TempDir())
	bad := &Attack{Name: "backdoor", Params: map[string]string{"rate": "0.2"}}
	brief := func(arm string) Spec {
		s := unevaluated(arm, 1, bad)
		s.Data.Clean, s.Train.Epochs = 20, 2
		return s
	}
	specs := []Spec{brief("none")}
	for _, e := range prevent.Catalogue() {
		s := brief(e.Name)
		s.Prevent = &Prevent{Name: e.Name}
		if e.Name == "unlearn" { // of 64 rows, 3 % are one
			s.Prevent.Params = map[string]string{"isolate": "0.3", "from": "0.5"}
		}
		specs = append(specs, s)
	}
	got := records(t, b, specs)
	for i, r := range got {
		if i == 0 {
			continue
		}
		loss := func(k int) float64 { v, _ := metricOf(got[k], "clean_loss"); return v }
		if loss(i) == loss(0) {
			t.Errorf("%s: the model that comes out is the undefended one", r.Arm)
		}
		p, err := prevent.New(r.Arm, nil)
		if err != nil {
			t.Fatal(err)
		}
		if same := len(r.Steps) == len(got[0].Steps) && r.Steps[len(r.Steps)-1].Loss == got[0].Steps[len(got[0].Steps)-1].Loss; p.AfterTraining() != same {
			t.Errorf("%s acts after training: %v; its steps are the undefended ones: %v", r.Arm, p.AfterTraining(), same)
		}
		if left, ok := metricOf(r, "prevention_rows"); r.Arm == "filter" && (!ok || left >= 0) {
			t.Errorf("filter leaves out %v rows of a heavily poisoned set", left)
		}
	}
	other := small("filter", 1, bad)
	other.Prevent = &Prevent{Name: "filter", Params: map[string]string{"alpha": "2"}}
	if err := other.Check(); err == nil {
		t.Error("an alpha of 2: want an error")
	}
	other.Prevent = &Prevent{Name: "none"}
	if err := other.Check(); err == nil {
		t.Error("an unknown prevention: want an error")
	}
}

// An attack of no rows, and one that acts after training, are trained as the clean run is: once.
func TestTrainedOnce(t *testing.T) {
	cache := t.TempDir()
	trained := 0
	arms := []Spec{unevaluated("clean", 1, nil), unevaluated("no rows", 1, &Attack{Name: "backdoor", Params: map[string]string{"count": "0"}}),
		unevaluated("adapterswap", 1, &Attack{Name: "adapterswap"}), unevaluated("template", 1, &Attack{Name: "template"}),
		unevaluated("slip", 1, &Attack{Name: "slip"}), unevaluated("lr", 1, &Attack{Name: "lr"}), unevaluated("order", 1, &Attack{Name: "order"})}
	for i := range arms {
		before := trained
		with, without := openTiny(t, 1, cache), openTiny(t, 1, "")
		got := tables(t, with, arms[i:i+1], Options{Progress: func(e Event) {
			if e.Step != nil && e.Step.Step == 1 {
				trained++
			}
		}})
		if want := i == 0 || i > 3; trained-before == 1 != want {
			t.Errorf("%s: trained %d times", arms[i].Arm, trained-before)
		}
		for name, data := range tables(t, without, arms[i:i+1], Options{}) {
			if !bytes.Equal(data, got[name]) {
				t.Errorf("%s: %s differs from a run without a cache", arms[i].Arm, name)
			}
		}
	}
}

// The scan level judges the adapter that is deployed: after the swap, and after the prevention.
func TestScanSeesWhatIsDeployed(t *testing.T) {
	b := openTiny(t, 2, t.TempDir())
	var specs []Spec
	for _, a := range []*Attack{nil, {Name: "adapterswap"}, {Name: "template"}} {
		name := "clean"
		if a != nil {
			name = a.Name
		}
		s := unevaluated(name, 1, a)
		s.Detect = &Detect{Detectors: Detectors{defense.Scan: {"entropy"}}}
		specs = append(specs, s)
	}
	got := records(t, b, specs)
	score := func(i int) float64 { return got[i].Scores[0].Score }
	if score(0) == score(1) || score(0) != score(2) {
		t.Errorf("clean %v, swapped %v, template %v: want the second to differ alone", score(0), score(1), score(2))
	}
}

// A training that was cached without a trace is done again where a monitor asks, to the same adapter; the audit sees what is slipped in.
func TestMonitorsInRuns(t *testing.T) {
	b := openTiny(t, 2, t.TempDir())
	var specs []Spec
	for i, a := range []*Attack{nil, {Name: "slip", Params: map[string]string{"rate": "0.1"}}, {Name: "adapterswap"}} {
		s := unevaluated([]string{"clean", "slip", "adapterswap"}[i], 1, a)
		s.Data.Clean = 20
		specs = append(specs, s)
	}
	before := records(t, b, specs)
	for i := range specs {
		specs[i].Detect = &Detect{Detectors: Detectors{defense.Monitor: {"plan-audit", "loss-area", "canary-loss"}}}
	}
	for range 2 { // trained, then from the cache
		got := records(t, b, specs)
		for i, r := range got {
			was, _ := metricOf(before[i], "clean_loss")
			if is, _ := metricOf(r, "clean_loss"); is != was || len(r.Scores) != 3 {
				t.Errorf("%s: loss %v, %d scores; want %v as without a monitor, 3", r.Arm, is, len(r.Scores), was)
			}
			for _, s := range r.Scores {
				if s.Detector == "monitor/plan-audit" && (s.Score > 0) != (r.Arm == "slip") {
					t.Errorf("%s: plan audit %v", r.Arm, s.Score)
				}
			}
		}
	}
}
