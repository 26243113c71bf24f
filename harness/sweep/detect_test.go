package sweep

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"theriac/harness/corpus"
	"theriac/harness/defense"
	"theriac/harness/store"
)

// records runs specs in a fresh store and gives their records in the specs' order.
func records(t *testing.T, b *Bench, specs []Spec) []*store.Record {
	t.Helper()
	return recordsWith(t, b, specs, Options{})
}

func recordsWith(t *testing.T, b *Bench, specs []Spec, o Options) []*store.Record {
	t.Helper()
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "tables"), filepath.Join(dir, "shards"))
	if err != nil {
		t.Fatal(err)
	}
	rep, err := b.Run(context.Background(), specs, st, o)
	if err != nil || rep.Failed > 0 {
		t.Fatalf("%+v, %v", rep, err)
	}
	at := map[string]*store.Record{}
	for r, err := range st.Scan(nil, store.Tables[1:]...) {
		if err != nil {
			t.Fatal(err)
		}
		at[r.ID] = r
	}
	var out []*store.Record
	for _, id := range rep.IDs {
		out = append(out, at[id])
	}
	return out
}

// unevaluated is a small run that is only detected.
func unevaluated(arm string, seed uint64, a *Attack) Spec {
	s := small(arm, seed, a)
	s.Data = Data{Name: s.Data.Name, Rows: s.Data.Rows, MaxTokens: s.Data.MaxTokens}
	return s
}

var cheap = Detectors{defense.Data: {"exact-duplicates", "patterns"}}

// A calibration, judged runs, and the same again with another detector: nothing is trained twice, and the bytes stay.
func TestDetect(t *testing.T) {
	cache := t.TempDir()
	b := openTiny(t, 2, cache)
	var specs []Spec
	for seed := range uint64(20) {
		s := unevaluated("calibration", 1000+seed, nil)
		s.Detect = &Detect{Detectors: cheap}
		specs = append(specs, s)
	}
	clean := records(t, b, specs)
	cal, err := NewCalibration(&Detect{Detectors: cheap}, clean)
	if err != nil {
		t.Fatal(err)
	}
	turned := slices.Clone(clean)
	slices.Reverse(turned)
	if again, err := NewCalibration(&Detect{Detectors: cheap}, turned); err != nil || again.Digest != cal.Digest || cal.Runs() != 20 {
		t.Errorf("%d runs, %v: want 20, whatever their order", cal.Runs(), err)
	}
	attacks := []*Attack{{Name: "backdoor", Params: map[string]string{"rate": "0.2"}}, {Name: "slip"}, {Name: "lr"}, nil}
	var judged []Spec
	for _, a := range attacks {
		name := "clean"
		if a != nil {
			name = a.Name
		}
		s := unevaluated(name, 2000, a)
		s.Detect = &Detect{Detectors: cheap, Against: cal}
		judged = append(judged, s)
	}
	got := records(t, b, judged)
	want := map[string]string{"backdoor": "flagged", "slip": NotApplicable, "lr": NotApplicable, "clean": "nothing found"}
	for _, r := range got {
		if len(r.Detections) != 4 { // two detectors, the level, the ensemble
			t.Errorf("%s: %d detections; want 4", r.Arm, len(r.Detections))
		}
		for _, d := range r.Detections {
			if d.Level == "data" && d.Detector == "" && !strings.HasPrefix(d.Verdict, want[r.Arm]) {
				t.Errorf("%s: %+v; want %s", r.Arm, d, want[r.Arm])
			}
			if flagged := d.Score > d.Threshold; d.Verdict == "flagged" && !flagged {
				t.Errorf("%s: flagged at a score not above the threshold: %+v", r.Arm, d)
			}
		}
	}
	// from the cache, and without one
	for name, other := range map[string]*Bench{"cached": b, "uncached": openTiny(t, 1, "")} {
		for i, r := range records(t, other, judged) {
			if fmt.Sprint(r.Detections, r.Scores) != fmt.Sprint(got[i].Detections, got[i].Scores) {
				t.Errorf("%s, %s: other scores or verdicts", name, r.Arm)
			}
		}
	}
	auc := 0.0
	for _, m := range got[0].Metrics {
		if m.Name == "row_auroc/data/exact-duplicates" {
			auc = m.Value
		}
	}
	if auc < 0.9 {
		t.Errorf("AUROC of rows with one answer: %.2f; want at least .9", auc)
	}
}

// A new detector, or another calibration, is another run of the same training.
func TestDetectorsAreNotOfTheTrainKey(t *testing.T) {
	b := openTiny(t, 1, "")
	plain, scored := small("a", 1, nil), small("a", 1, nil)
	scored.Detect = &Detect{Detectors: cheap}
	k1, id1, _ := b.Keys(&plain)
	k2, id2, _ := b.Keys(&scored)
	if k1 != k2 || id1 == id2 {
		t.Error("detectors must change the run's ID and not its training")
	}
	scored.Detect = &Detect{Detectors: Detectors{defense.Data: {"none"}}}
	if err := scored.Check(); err == nil {
		t.Error("an unknown detector: want an error")
	}
	scored.Detect, scored.Data.Shift = nil, "tag"
	if k3, _, _ := b.Keys(&scored); k3 == k1 {
		t.Error("shifted rows must be another training")
	}
}

func TestVerdict(t *testing.T) {
	clean := make([]float64, 39) // 1..39
	for i := range clean {
		clean[i] = float64(i + 1)
	}
	for _, c := range []struct {
		score float64
		want  string
		p     float64
	}{{0, "nothing found", 1}, {38, "nothing found", 3.0 / 40}, {38.5, "flagged", 2.0 / 40}, {40, "flagged", 1.0 / 40}} {
		d, err := verdict("data", "x", clean, c.score)
		if err != nil || d.Verdict != c.want || math.Abs(d.P-c.p) > 1e-12 || d.Threshold != 38 {
			t.Errorf("score %v: %+v, %v; want %s at p %v, threshold 38", c.score, d, err, c.want, c.p)
		}
	}
	if d, _ := verdict("data", "x", clean[:18], 100); d.Verdict != "inconclusive" {
		t.Errorf("18 clean runs: %s; want inconclusive", d.Verdict)
	}
}

// A script's own detectors are calibrated and judge as a level of their own; the pipeline's verdicts stay what they are without them.
func TestOwnDetectors(t *testing.T) {
	b := openTiny(t, 2, t.TempDir())
	own := []OwnDetector{
		{Name: "marked", Func: Func{"marked", "1"}, Rows: func(rows []corpus.Example) float64 {
			n := 0
			for i := range rows {
				if rows[i].ID != "" || rows[i].Labels != nil {
					t.Error("a detector sees which rows are which")
				}
				if strings.Contains(rows[i].Instruction(), "[TRIGGER]") {
					n++
				}
			}
			return float64(n)
		}},
		{Name: "last", Func: Func{"last", "2"}, Steps: func(steps []store.Step) float64 { return -float64(steps[len(steps)-1].Loss) }},
	}
	judge := func(own []OwnDetector) (*store.Record, *Calibration) {
		d := &Detect{Detectors: cheap, Own: own}
		var specs []Spec
		for seed := range uint64(20) {
			s := unevaluated("calibration", 1000+seed, nil)
			s.Detect = d
			specs = append(specs, s)
		}
		cal, err := NewCalibration(d, records(t, b, specs))
		if err != nil {
			t.Fatal(err)
		}
		s := unevaluated("backdoor", 2000, &Attack{Name: "backdoor", Params: map[string]string{"rate": "0.2"}})
		s.Detect = &Detect{Detectors: cheap, Own: own, Against: cal}
		return records(t, b, []Spec{s})[0], cal
	}
	with, cal := judge(own)
	without, plain := judge(nil)
	if cal.Digest == plain.Digest {
		t.Error("the calibration's digest does not know the script's detectors")
	}
	var theirs []store.Detection
	found := map[string]store.Detection{}
	for _, d := range with.Detections {
		if d.Level == string(Script) {
			found[d.Detector] = d
		} else {
			theirs = append(theirs, d)
		}
	}
	if fmt.Sprint(theirs) != fmt.Sprint(without.Detections) {
		t.Errorf("the pipeline's verdicts %v; want %v", theirs, without.Detections)
	}
	if m := found["marked"]; m.Verdict != "flagged" || m.Score != 12 || m.P != 1.0/21 {
		t.Errorf("marked: %+v; want 12 rows, flagged at 1/21", m)
	}
	if len(found) != 3 || found["last"].N != 20 {
		t.Errorf("script: %+v; want two detectors and the level", found)
	}
	for _, bad := range [][]OwnDetector{{{Name: "Bad Name", Rows: own[0].Rows}}, {own[0], own[0]}, {{Name: "none"}}} {
		s := unevaluated("bad", 1, nil)
		if s.Detect = (&Detect{Own: bad}); s.Check() == nil {
			t.Errorf("%v: want an error", bad)
		}
	}
}
