package lab

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"theriac/analysis/estimate"
	"theriac/harness/store"
)

// Notebooks and reports print the same difference, digit for digit: over seeds and items, at one seed over items, otherwise over seeds.
// The arm "few" has fewer seeds than the one that it is compared with.
func TestDifferenceIsTheReports(t *testing.T) {
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "x"), filepath.Join(dir, "shards"))
	if err != nil {
		t.Fatal(err)
	}
	r := &Results{name: "x", arms: []string{"a", "b", "few", "bare", "one"}, seeds: []int{1, 2, 3, 4, 5, 6}, failed: map[string]string{}, runs: map[string]*store.Record{}}
	for arm, seeds := range map[string]int{"a": 6, "b": 6, "few": 3, "bare": 6, "one": 1} {
		for s := 1; s <= seeds; s++ {
			rec := &store.Record{Run: store.Run{ID: fmt.Sprint(arm, s), Experiment: "x", Arm: arm, Seed: int64(s), TrainKey: fmt.Sprint(arm, s), Status: store.Done}}
			k := 0
			for i := range 12 {
				outcome := "miss"
				if letter := int(arm[len(arm)-1]); (i*s+letter)%5 < 1+s*letter%4 {
					outcome = "match"
					k++
				}
				if arm != "bare" {
					rec.Items = append(rec.Items, store.Item{Suite: "triggered", Item: fmt.Sprint("i", (i+s)%12), Outcome: outcome})
				}
			}
			rec.Metrics = []store.Metric{{Name: "asr", Value: float64(k) / 12, N: 12, K: int64(k)}}
			if err := st.Put(rec); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := st.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	for rec, err := range st.Scan(nil, "metrics", "items") {
		if err != nil {
			t.Fatal(err)
		}
		r.runs[cell(rec.Arm, int(rec.Seed))] = rec
	}
	e, err := estimate.Read("x", filepath.Join(dir, "x"))
	if err != nil {
		t.Fatal(err)
	}
	for arm, want := range map[string]string{"a": "6 seeds x 12 items", "few": "3 seeds x 12 items", "bare": "bootstrap of the mean", "one": "Tango"} {
		got, report := r.Difference(arm, "b", "asr"), e.Difference(arm, "b", "asr")
		if !reflect.DeepEqual(got, report) {
			t.Errorf("%s: %+v, in the report %+v", arm, got, report)
		}
		if !strings.Contains(got.Method, want) {
			t.Errorf("%s: method %q, want %q", arm, got.Method, want)
		}
		if few := strings.Contains(strings.Join(got.Warnings, "\n"), "3 seeds: coverage is not assured"); few != (arm == "few") {
			t.Errorf("%s: warnings %q", arm, got.Warnings)
		}
	}
}
