package main

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"theriac/analysis/report"
	"theriac/harness/store"
)

// A clone lacks the empty directory of a notebook without figures; what such a directory holds is another matter.
func TestCompare(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "empty"), 0o777); err != nil {
		t.Fatal(err)
	}
	write("committed/same.svg", "1")
	write("committed/other.svg", "12")
	write("committed/gone.svg", "1")
	write("made/same.svg", "1")
	write("made/other.svg", "13")
	write("made/new.svg", "1")
	for _, c := range []struct {
		want, got string
		lines     []string
	}{
		{"missing", "empty", nil},
		{"missing", "made", []string{"new.svg is not among the committed ones", "other.svg is not among the committed ones", "same.svg is not among the committed ones"}},
		{"committed", "made", []string{"gone.svg is missing", "new.svg is not among the committed ones", "other.svg differs at byte 1"}},
	} {
		lines, err := compare(filepath.Join(root, c.want), filepath.Join(root, c.got))
		if err != nil || !reflect.DeepEqual(lines, c.lines) {
			t.Errorf("%s beside %s: %q, %v; want %q", c.got, c.want, lines, err, c.lines)
		}
	}
}

// What the demo renders from its own directory is what the committed report says: nothing but results and the plan goes into it.
func TestDemoReport(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	if err := os.Mkdir(filepath.Join(out, "results"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(root, "results", "demo"), filepath.Join(out, "results", "demo")); err != nil {
		t.Fatal(err)
	}
	if err := lendPlan(root, out); err != nil {
		t.Fatal(err)
	}
	own, err := renderReport(out, "demo")
	if err != nil {
		t.Fatal(err)
	}
	if diff, err := report.Check(root, own); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	if err := lendPlan(t.TempDir(), out); err != nil {
		t.Errorf("without a plan: %v", err)
	}
}

// A demo that is resumed after an update starts without what the older program left.
func TestClearOlder(t *testing.T) {
	root, out := t.TempDir(), t.TempDir()
	put := func(root, experiment string, ids ...string) {
		dir := filepath.Join(root, "results", "demo")
		st, err := store.Open(filepath.Join(dir, experiment), filepath.Join(dir, ".runs", experiment))
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range ids {
			if err := st.Put(&store.Record{Run: store.Run{ID: id, Experiment: experiment, Arm: "clean", Status: store.Done}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := st.Compact(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	put(root, "backdoor", "a", "b")
	put(out, "backdoor", "a", "old")
	put(out, "gone", "c")
	if err := os.MkdirAll(filepath.Join(out, "figures", "demo", "backdoor"), 0o777); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := clearOlder(context.Background(), root, out, []string{"backdoor", "poisoning"}); err != nil {
			t.Fatal(err)
		}
	}
	st, err := openStored(out, "demo", "backdoor")
	if err != nil {
		t.Fatal(err)
	}
	if runs, err := st.Runs(nil); err != nil || len(runs) != 1 || runs[0].ID != "a" {
		t.Errorf("%v, %v; want the run that is committed", runs, err)
	}
	for _, gone := range []string{"results/demo/gone", "figures"} {
		if _, err := os.Stat(filepath.Join(out, gone)); err == nil {
			t.Errorf("%s is left", gone)
		}
	}
	if err := clearOlder(context.Background(), root, t.TempDir(), []string{"backdoor"}); err != nil {
		t.Errorf("a first demo: %v", err)
	}
}
