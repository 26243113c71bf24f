package store

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	ctx := context.Background()
	one := open(t, t.TempDir())
	dst := open(t, t.TempDir())
	srcs := []*Store{dst, open(t, t.TempDir()), open(t, t.TempDir())}
	for i := range 50 {
		put(t, one, record(i, 3, 4, 5))
		put(t, srcs[i%3], record(i, 3, 4, 5))
		if i%10 == 0 {
			put(t, srcs[(i+1)%3], record(i, 3, 4, 5)) // twice
		}
		if i == 30 {
			compact(t, srcs[1])
			compact(t, dst)
		}
	}
	failed := record(0, 3, 4, 5)
	failed.Status, failed.Reason = Failed, "loss is not a number"
	put(t, srcs[2], failed)
	compact(t, one)
	for range 2 {
		if err := Merge(ctx, dst, srcs[1:]...); err != nil {
			t.Fatal(err)
		}
		sameBytes(t, contents(t, dst), contents(t, one))
	}
	other := record(5, 3, 4, 5)
	other.Status, other.Reason = Done, ""
	fixed := *other
	fixed.Metrics = append([]Metric{}, other.Metrics...)
	fixed.Metrics[2].Value = 0.25
	bad := open(t, t.TempDir())
	put(t, bad, &fixed)
	put(t, dst, other)
	err := Merge(ctx, dst, bad)
	if err == nil || !strings.Contains(err.Error(), "metrics metric02 value: ") || !strings.Contains(err.Error(), " | 0.25") {
		t.Errorf("got %v", err)
	}
	if st, err := dst.Status(other.ID); st != Done || err != nil {
		t.Errorf("got %q, %v", st, err)
	}
}

func TestDiff(t *testing.T) {
	a, b := record(1, 3, 4, 5), record(1, 3, 4, 5)
	if d, err := Diff(a, b, 0); len(d) > 0 || err != nil {
		t.Errorf("got %v, %v", d, err)
	}
	b.Arm = "clean"
	b.Spec[1].Value = "3"
	b.Steps = b.Steps[:2]
	b.Metrics[1].K = 5
	b.Examples[0].ID = "exa"
	d, err := Diff(a, b, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, x := range d {
		got = append(got, strings.TrimPrefix(x.String(), a.ID))
	}
	want := []string{": runs arm: poisoned | clean", ": spec epochs value: 2 | 3", ": metrics metric01 k:  | 5", ": steps 2: present | absent",
		": examples ex0: present | absent", ": examples exa: absent | present"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d, _ := Diff(a, b, 2); len(d) != 2 {
		t.Errorf("got %v", d)
	}

	sa, sb := open(t, t.TempDir()), open(t, t.TempDir())
	for i := range 6 {
		put(t, sa, record(i, 3, 4, 5))
		put(t, sb, record(i+1, 3, 4, 5))
	}
	put(t, sb, b)
	compact(t, sa)
	sets, err := DiffSets(sa, sb, 0)
	if err != nil || len(sets) != 2+len(d) {
		t.Fatalf("got %v, %v", sets, err)
	}
	if sets[0] != (Difference{record(0, 0, 0, 0).ID, "runs", "", "", "present", "absent"}) || sets[1].A != "absent" || cmp.Diff(sets[2:], d) != "" {
		t.Errorf("got %v", sets)
	}
	if sets, err := DiffSets(sa, sb, 3); err != nil || len(sets) != 3 {
		t.Errorf("got %v, %v", sets, err)
	}
}

func TestCSV(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range 6 {
		r := record(i, 2, 2, 2)
		r.Examples = append(r.Examples, Example{"a,b", "line\nbreak", true, `"quoted"`})
		put(t, s, r)
	}
	compact(t, s)
	for _, table := range Tables {
		var out bytes.Buffer
		if err := s.WriteCSV(&out, table, nil); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{"runs": 6, "metrics": 12, "steps": 12, "items": 12, "examples": 13, "scores": 7, "detections": 6}[table]
		if len(rows) != want+1 || rows[0][0] != "run" {
			t.Errorf("%s: found %d rows under %v, wanted %d", table, len(rows), rows[0], want)
		}
		if table == "runs" && strings.Join(rows[0][8:], " ") != "spec.epochs spec.rate spec.trigger" {
			t.Errorf("found the columns %v", rows[0])
		}
		if table == "metrics" && rows[2][4] != "" {
			t.Errorf("found k = %q, wanted nothing", rows[2][4])
		}
	}
	if err := s.WriteCSV(&bytes.Buffer{}, "timings", nil); err == nil {
		t.Error("wrote a table that there is not")
	}
}

func TestLocal(t *testing.T) {
	s := open(t, t.TempDir())
	if ts, err := s.Timings("r1"); len(ts) != 0 || err != nil {
		t.Errorf("got %v, %v", ts, err)
	}
	if _, err := s.Outputs("r1"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	want := []Timing{{"train", 1.5, ""}, {"evaluate", 0.25, "2 threads"}, {"train", 1, "out of memory"}}
	for _, part := range [][]Timing{want[:2], want[2:]} {
		if err := s.PutTimings("r1", part); err != nil {
			t.Fatal(err)
		}
		f, _ := os.OpenFile(filepath.Join(s.shards, "timings", "r1.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
		f.WriteString(`{"stage":"tr`) // a kill
		f.Close()
	}
	if ts, err := s.Timings("r1"); err != nil || cmp.Diff(want, ts) != "" {
		t.Errorf("got %v, %v", ts, err)
	}
	for _, outs := range [][]Output{{{"qa", "1", "4"}}, {{"qa", "1", "Yes.\n"}, {"qa", "2", "é\uFFFD"}}, {}} {
		if err := s.PutOutputs("r1", outs); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Outputs("r1"); err != nil || len(got) != len(outs) || len(outs) > 0 && cmp.Diff(outs, got) != "" {
			t.Errorf("got %v, %v", got, err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.shards, "outputs", "r1.arrow"), []byte("ARROW1"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Outputs("r1"); err == nil || !strings.Contains(err.Error(), "r1.arrow") {
		t.Errorf("got %v", err)
	}
	if done, err := s.Done(); len(done) != 0 || err != nil {
		t.Errorf("got %v, %v", done, err)
	}
}
