package store

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

// The law of the store: the bytes of the tables depend on the runs alone.
func TestAnyOrderSameBytes(t *testing.T) {
	const n = 10
	rapid.Check(t, func(rt *rapid.T) {
		runs := rapid.IntRange(1, n).Draw(rt, "runs")
		want := open(t, tempDir(t, rt))
		for i := range runs {
			put(t, want, record(i, 4, 6, 3))
		}
		compact(t, want)

		dir := tempDir(t, rt)
		stores := []*Store{open(t, dir)} // processes on one directory
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(rapid.IntRange(1, 2).Draw(rt, "threads")))
		for _, i := range rapid.Permutation(indices(runs)).Draw(rt, "order") {
			s := stores[rapid.IntRange(0, len(stores)-1).Draw(rt, "process")]
			switch rapid.IntRange(0, 9).Draw(rt, "event") {
			case 0:
				compact(t, s)
			case 1:
				stores = append(stores, open(t, dir))
			case 2: // fails first, then is done again
				failed := record(i, 1, 0, 2)
				failed.Status, failed.Reason = Failed, "panic"
				put(t, s, failed)
				if rapid.Bool().Draw(rt, "between") {
					compact(t, s)
				}
			case 3: // was there before, and stale
				old := record(i, 2, 2, 2)
				old.Spec = append(old.Spec, Field{"gone", "1"})
				put(t, s, old)
				if rapid.Bool().Draw(rt, "between") {
					compact(t, s)
				}
				if err := s.Drop(context.Background(), []string{old.ID}); err != nil {
					t.Fatal(err)
				}
			case 4: // on another machine
				other := open(t, tempDir(t, rt))
				put(t, other, record(i, 4, 6, 3))
				if rapid.Bool().Draw(rt, "compacted") {
					compact(t, other)
				}
				if err := Merge(context.Background(), s, other); err != nil {
					t.Fatal(err)
				}
				continue
			}
			r := record(i, 4, 6, 3)
			if rapid.Bool().Draw(rt, "reversed") {
				reverse(r.Metrics)
				reverse(r.Steps)
				reverse(r.Items)
				reverse(r.Spec)
			}
			put(t, s, r)
		}
		for _, s := range stores {
			compact(t, s)
		}
		sameBytes(rt, contents(t, stores[0]), contents(t, want))
	})
}

func reverse[T any](s []T) {
	for i, j := 0, len(s)-1; i < j; i, j = i+1, j-1 {
		s[i], s[j] = s[j], s[i]
	}
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func tempDir(t *testing.T, rt *rapid.T) string {
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	rt.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Tables larger than a row group, merged in one go and bit by bit.
func TestRowGroups(t *testing.T) {
	const n = 12
	one, many := open(t, t.TempDir()), open(t, t.TempDir())
	big := func(i int) *Record { return record(i, 7000, 9000, 5) }
	for i := range n {
		put(t, one, big(i))
		put(t, many, big(n-1-i))
		if i%5 == 4 {
			compact(t, many)
		}
	}
	compact(t, one)
	compact(t, many)
	sameBytes(t, contents(t, one), contents(t, many))
	for i := range n {
		got, err := many.Get(big(i).ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, big(i))
	}
	// A filter passes over row groups, and what it yields is whole.
	seen := 0
	for r, err := range many.Scan(func(r *Run) bool { return r.Seed%3 == 1 }, Tables...) {
		if err != nil {
			t.Fatal(err)
		}
		if seen++; len(r.Items) != 9000 || len(r.Steps) != 7000 {
			t.Errorf("run %s: found %d items, %d steps", r.ID, len(r.Items), len(r.Steps))
		}
	}
	if seen == 0 || seen == n {
		t.Errorf("scanned %d of %d runs", seen, n)
	}
	f, err := openTable(tablePath(many.tables, "items"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.f.Close()
	if all, some := allGroups(f.r), groupsOf(f.r, []string{big(3).ID}); len(all) != 2 || len(some) != 1 {
		t.Errorf("found the row groups %v, of which %v for one run", all, some)
	}
}

// Readers see every run while another process compacts.
func TestReadersMeanwhile(t *testing.T) {
	dir := t.TempDir()
	writer, reader := open(t, dir), open(t, dir)
	const n = 30
	done := make(chan error, 1)
	go func() {
		for i := range n {
			if err := writer.Put(record(i, 3, 3, 3)); err != nil {
				done <- err
				return
			}
			if i%3 == 2 {
				if err := writer.Compact(context.Background()); err != nil {
					done <- err
					return
				}
			}
		}
		done <- nil
	}()
	known := 0
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		default:
		}
		status, err := reader.Done()
		if err != nil {
			t.Fatal(err)
		}
		runs := 0
		for r, err := range reader.Scan(nil, Tables...) {
			if err != nil {
				t.Fatal(err)
			}
			if status[r.ID] != "" {
				runs++
			}
		}
		if len(status) < known || runs != len(status) {
			t.Fatalf("found %d, then %d of %d runs", known, runs, len(status))
		}
		known = len(status)
		for id := range status {
			if _, err := reader.Get(id); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
}

func TestBrokenTables(t *testing.T) {
	s := open(t, t.TempDir())
	put(t, s, record(1, 3, 3, 3))
	compact(t, s)
	before := contents(t, s)
	restore := func() {
		for name, data := range before {
			if err := os.WriteFile(filepath.Join(s.tables, name), []byte(data), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	put(t, s, record(2, 3, 3, 3))
	compact(t, s)
	after := contents(t, s)
	for _, c := range []struct {
		name, data, want string
	}{
		{"items.parquet", before["items.parquet"], "different compactions"},
		{"runs.parquet", before["runs.parquet"], "different compactions"},
		{"metrics.parquet", "", "metrics.parquet: "},
		{"steps.parquet", after["steps.parquet"][:200], "steps.parquet: "},
	} {
		path := filepath.Join(s.tables, c.name)
		if err := os.WriteFile(path, []byte(c.data), 0o644); err != nil {
			t.Fatal(err)
		}
		fresh := &Store{tables: s.tables} // as a report reads them, without the wait
		_, err := openSet(fresh.tables)
		if err == nil || !contains(err, c.want) {
			t.Errorf("%s: got %v, wanted %s", c.name, err, c.want)
		}
		os.WriteFile(path, []byte(after[c.name]), 0o644)
	}
	os.Remove(filepath.Join(s.tables, "scores.parquet"))
	if _, err := openSet(s.tables); err == nil || !contains(err, "scores.parquet: not found") {
		t.Errorf("got %v", err)
	}
	restore()
	if runs, err := s.Runs(nil); err != nil || len(runs) != 1 {
		t.Errorf("found %d runs, %v", len(runs), err)
	}
}
