package monitor

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/golden.json")

// What each detector says of a made-up trace is frozen with its version: to change it, raise the version and run this test with -update.
func TestGolden(t *testing.T) {
	const path = "testdata/golden.json"
	tr := made(100, func(i int, r *Row, v []*Visit, f []*Feature) {
		if i%10 == 4 {
			synthetic["learned-together"](i, r, v, f)
			v[1].Weight = 1
		}
	})
	for i := range tr.Steps {
		tr.Steps[i].Tampered = float64(i%7) / 1000
	}
	tr.Canaries = []Canary{{"ordinary", false, 2}, {"refusal", true, 2}}
	tr.Modules = []Module{{"m", 2}}
	for i := range 3 {
		x := float32(i)
		tr.Checkpoints = append(tr.Checkpoints, Checkpoint{int32(25 * i), [][]float32{{1 - x/4, 2 + x/2}, {9 - x, 7 + x/3}}, [][]uint32{{1, 2}, {3, 3 - uint32(i)}}, [][]float32{{3, x}}})
	}
	results, notRun, err := Score(tr, &Plan{Spec: testSpec(), Rows: tr.Rows}, nil)
	if err != nil || notRun != nil {
		t.Fatal(err, notRun)
	}
	got := map[string]string{}
	for i, r := range results {
		got[fmt.Sprintf("%s/%d", r.Detector, catalogue[i].Version)] = fmt.Sprintf("%.12g", r.Score)
	}
	if *update {
		data, _ := json.MarshalIndent(got, "", "  ")
		if err := os.WriteFile(path, append(data, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for _, k := range slices.Sorted(maps.Keys(got)) {
		if want[k] != got[k] {
			t.Errorf("%s scores %s; frozen is %q: raise its version", k, got[k], want[k])
		}
	}
	if len(want) != len(got) {
		t.Errorf("%d detectors are frozen, there are %d", len(want), len(got))
	}
}
