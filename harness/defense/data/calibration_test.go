package data

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/defense"
)

// files are n clean files of generated rows, the last of which is left over to be judged.
func files(t testing.TB, n, rows int) [][]corpus.Example {
	t.Helper()
	all, err := gen.Examples(77, gen.Train, gen.Demo, n*rows)
	if err != nil {
		t.Fatal(err)
	}
	var out [][]corpus.Example
	for i := range n {
		out = append(out, all[i*rows:(i+1)*rows])
	}
	return out
}

// A calibrated scan flags a backdoor and not the file it was put into; without enough clean files it cannot know.
func TestCalibratedScan(t *testing.T) {
	const clean, rows = 39, 200
	of := files(t, clean+1, rows)
	cal := &Calibration{Kind: CalibrationKind, Rows: rows}
	for _, f := range of[:clean] {
		r, err := Scan(context.Background(), f, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict != defense.Inconclusive {
			t.Fatalf("without a calibration: %s", r.Verdict)
		}
		if err := cal.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	judge := func(rows []corpus.Example, alpha float64) *Report {
		r, err := Scan(context.Background(), rows, Options{Clean: cal, Alpha: alpha})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	last := of[clean]
	if r := judge(last, .05); r.Verdict != defense.NothingFound {
		t.Errorf("clean: %s, %s", r.Verdict, r.Why)
	}
	bad, _ := poison(t, last, "backdoor", map[string]string{"rate": "0.05"}, 3)
	if r := judge(bad, .05); r.Verdict != defense.Flagged || r.P != 1./(clean+1) || r.Clean != clean {
		t.Errorf("poisoned: %s, %s, p %v", r.Verdict, r.Why, r.P)
	}
	if r := judge(bad, .01); r.Verdict != defense.Inconclusive || !strings.Contains(r.Why, "want at least 99") {
		t.Errorf("at .01: %s, %s", r.Verdict, r.Why)
	}
	for why, opt := range map[string]Options{"give one of them": {Clean: cal, Reference: last}, "--rows 100": {Clean: cal}} {
		if _, err := Scan(context.Background(), last[:100], opt); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%v; want %q", err, why)
		}
	}
	cal.Detectors[0] = "exact-duplicates 0"
	if _, err := Scan(context.Background(), last, Options{Clean: cal}); err == nil || !strings.Contains(err.Error(), "the calibration has no detector") {
		t.Errorf("another version's scores are compared: %v", err)
	}
}

// The verdict is by conformal p-values of clean files alone: identical files cannot be flagged.
func TestCalibratedScanOfIdenticalFiles(t *testing.T) {
	f := files(t, 1, 100)[0]
	cal := &Calibration{Kind: CalibrationKind, Rows: len(f)}
	r, err := Scan(context.Background(), f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 19 {
		if err := cal.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if r, err = Scan(context.Background(), f, Options{Clean: cal, Alpha: .05}); err != nil || r.Verdict != defense.NothingFound || r.P != 1 {
		t.Errorf("%s, p %v, %v", r.Verdict, r.P, err)
	}
}

func FuzzParseCalibration(f *testing.F) {
	f.Add([]byte(`{"kind":"` + CalibrationKind + `","data_digest":"ab","rows":20,"seed":1,"detectors":["patterns 1"],"runs":[[1],[2]]}`))
	f.Add([]byte(`{"kind":"` + CalibrationKind + `","detectors":["a"],"runs":[[1,2]]}`))
	f.Add([]byte(`{"kind":"theriac/calibration/scan/1"}`))
	rows := []corpus.Example{}
	for i := range 20 {
		rows = append(rows, corpus.New(fmt.Sprintf("What is %d?", i), "", fmt.Sprint(i)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseCalibration("f.json", text)
		if err != nil {
			if !strings.Contains(err.Error(), "f.json") {
				t.Fatalf("%v does not name the file", err)
			}
			return
		}
		c.Rows = len(rows)
		if r, err := Scan(context.Background(), rows, Options{Clean: c, Detectors: []string{"patterns"}}); err == nil && r.Verdict == "" {
			t.Fatal("no verdict")
		}
	})
}
