package report

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"theriac/analysis/estimate"
	"theriac/harness/store"
)

// README.md gets the leading profile's results and every profile's headline claims between its two lines, and keeps the rest; without these
// lines it is left alone.
func TestReadmeHasResults(t *testing.T) {
	root := t.TempDir()
	s := small()
	s.seeds = 3
	s.write(t, root, "demo")
	s.seeds = 2
	s.write(t, root, "smollm2")
	written := func(readme string) string {
		if err := os.WriteFile(filepath.Join(root, "README.md"), []byte(readme), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, f := range renderProfiles(t, root, "demo", "smollm2") {
			if f.Path == "README.md" {
				return string(f.Data)
			}
		}
		return ""
	}
	text := written("before\n" + readmeFrom + "old 12.3\n" + readmeTo + "after\n")
	wants(t, text, "before\n"+readmeFrom, readmeTo+"after\n", "No verdict is stored", "The headline claims at each scale", "| backdoor ", "3 seeds, p 0.125: not shown", "2 seeds, p 0.250: not shown")
	if strings.Contains(text, "old 12.3") {
		t.Error("what was rendered before is still there")
	}
	for _, readme := range []string{"nothing to fill\n", readmeFrom + "no end\n"} {
		if text := written(readme); text != "" {
			t.Errorf("%q became %q", readme, text)
		}
	}
}

// Success over a handful of prompts is named as such.
func TestFewPrompts(t *testing.T) {
	root := t.TempDir()
	st, err := store.Open(filepath.Join(root, "tables"), filepath.Join(root, "shards"))
	if err != nil {
		t.Fatal(err)
	}
	for seed := range 2 {
		for arm, n := range map[string]int64{"label": 4, "backdoor": 100} {
			r := &store.Record{Run: store.Run{ID: fmt.Sprint(arm, seed), Experiment: "x", Arm: arm, Seed: int64(2000 + seed), Status: store.Done}}
			r.Metrics = []store.Metric{{Name: "asr", Value: 0.5, K: n / 2, N: n}}
			if err := st.Put(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := st.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
	e, err := estimate.Read("x", filepath.Join(root, "tables"))
	if err != nil {
		t.Fatal(err)
	}
	if got := fewPrompts(e, e.Arms()); !strings.HasPrefix(got, "Success is over few prompts a run for label (4):") {
		t.Errorf("got %q", got)
	}
	if got := fewPrompts(e, []string{"backdoor"}); got != "" {
		t.Errorf("got %q", got)
	}
}
