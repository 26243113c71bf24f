package scan_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"

	"theriac/harness/corpus/gen"
	"theriac/harness/defense/scan"
)

var update = flag.Bool("update", false, "write testdata/golden.json")

// Another score of the same adapter needs another version of the detector: old calibrations do not hold for it.
func TestGolden(t *testing.T) {
	b := openBench(t)
	s, err := scan.New(b.dev, b.base, b.chat, scan.Options{Prompts: prompts(t, gen.Demo, 12), Restricted: prompts(t, gen.Restricted, 8)})
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Model(context.Background(), b.dev, b.train(t, "backdoor", poison))
	if err != nil {
		t.Fatal(err)
	}
	version := map[string]int{}
	for _, e := range scan.Catalogue() {
		version[e.Name] = e.Version
	}
	got := map[string]string{}
	for _, x := range res {
		got[fmt.Sprintf("%s %d", x.Detector, version[x.Detector])] = fmt.Sprintf("%.6g", x.Score)
	}
	const path = "testdata/golden.json"
	if *update {
		text, err := json.MarshalIndent(got, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(text, '\n'), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for name, v := range got {
		if want[name] != v {
			t.Errorf("%s: %s, was %q; raise the version, then go test -update", name, v, want[name])
		}
	}
	if len(got) != len(want) || len(got) != len(scan.Catalogue()) {
		t.Errorf("%d scores, %d golden, %d detectors", len(got), len(want), len(scan.Catalogue()))
	}
}
