package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// same compares records as they are stored.
func same(t *testing.T, got, want *Record) {
	t.Helper()
	c, err := canonical(want)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c, got, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); d != "" {
		t.Errorf("run %s differs (-want +got):\n%s", want.ID, d)
	}
}

func TestPutCompactGet(t *testing.T) {
	s := open(t, t.TempDir())
	const n = 60
	for i := range n {
		put(t, s, record(i, 5, 10, 3))
	}
	for pass := range 3 {
		all := 0
		for r, err := range s.Scan(nil, Tables...) {
			if err != nil {
				t.Fatal(err)
			}
			if d, _ := Digest(r); d != r.Digest {
				t.Errorf("run %s has digest %s, wanted %s", r.ID, r.Digest, d)
			}
			all++
		}
		if all != n+pass {
			t.Errorf("pass %d: scanned %d runs, wanted %d", pass, all, n+pass)
		}
		status, err := s.Done()
		if err != nil || len(status) != n+pass {
			t.Fatalf("found %d runs, %v", len(status), err)
		}
		for i := range n + pass {
			want := record(i, 5, 10, 3)
			got, err := s.Get(want.ID)
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want)
			if st, err := s.Status(want.ID); st != want.Status || status[want.ID] != st || err != nil {
				t.Errorf("found status %q and %q, %v", st, status[want.ID], err)
			}
		}
		compact(t, s)
		if names, _ := s.list(); len(names) > 0 {
			t.Errorf("%d shards are left", len(names))
		}
		put(t, s, record(n+pass, 5, 10, 3))
	}
	if _, err := s.Get("nobody"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if st, err := s.Status("nobody"); st != "" || err != nil {
		t.Errorf("got %q, %v", st, err)
	}
}

func TestScan(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range 40 {
		put(t, s, record(i, 5, 10, 3))
		if i == 25 {
			compact(t, s)
		}
	}
	n := 0
	for r, err := range s.Scan(func(r *Run) bool { return r.Seed == 5 }, "metrics") {
		if err != nil {
			t.Fatal(err)
		}
		if n++; r.Seed != 5 || len(r.Metrics) != 3 || r.Steps != nil || r.Items != nil {
			t.Errorf("got %+v", r)
		}
	}
	if n != 4 {
		t.Errorf("found %d runs, wanted 4", n)
	}
	for range s.Scan(nil, "items") {
		break
	}
	for _, err := range s.Scan(nil, "item") {
		if err == nil || !strings.Contains(err.Error(), `found the table "item"`) {
			t.Errorf("got %v", err)
		}
	}
	// The tables alone, as a report reads them.
	alone, err := Open(s.tables, "")
	if err != nil {
		t.Fatal(err)
	}
	runs, err := alone.Runs(nil)
	if err != nil || len(runs) != 26 {
		t.Errorf("found %d runs, %v", len(runs), err)
	}
	if err := alone.Put(record(0, 0, 0, 0)); err == nil || !strings.Contains(err.Error(), "reading only") {
		t.Errorf("got %v", err)
	}
	if err := alone.Compact(context.Background()); err == nil {
		t.Error("a store for reading was compacted")
	}
	none, err := Open(filepath.Join(s.tables, "absent"), "")
	if err != nil {
		t.Fatal(err)
	}
	if runs, err := none.Runs(nil); err != nil || len(runs) != 0 {
		t.Errorf("found %d runs, %v", len(runs), err)
	}
}

func TestReplaceAndDrop(t *testing.T) {
	s := open(t, t.TempDir())
	failed := record(1, 2, 2, 2)
	failed.Status, failed.Reason = Failed, "loss is not a number"
	put(t, s, failed, record(2, 2, 2, 2))
	compact(t, s)
	fixed := record(1, 2, 2, 2)
	put(t, s, failed, fixed)
	if names, _ := s.list(); len(names) != 1 {
		t.Errorf("found the shards %v, wanted one", names)
	}
	for range 2 {
		if st, err := s.Status(fixed.ID); st != Done || err != nil {
			t.Errorf("got %q, %v", st, err)
		}
		compact(t, s)
	}
	put(t, s, record(3, 2, 2, 2))
	ctx := context.Background()
	if err := s.Drop(ctx, []string{record(2, 0, 0, 0).ID, record(3, 0, 0, 0).ID, "nobody"}); err != nil {
		t.Fatal(err)
	}
	if done, err := s.Done(); err != nil || len(done) != 1 || done[fixed.ID] != Done {
		t.Errorf("got %v, %v", done, err)
	}
	other := open(t, t.TempDir())
	put(t, other, fixed)
	compact(t, other)
	sameBytes(t, contents(t, s), contents(t, other))
	if err := s.Drop(ctx, []string{fixed.ID}); err != nil {
		t.Fatal(err)
	}
	if done, err := s.Done(); err != nil || len(done) != 0 {
		t.Errorf("got %v, %v", done, err)
	}
}

func TestRefused(t *testing.T) {
	s := open(t, t.TempDir())
	for want, change := range map[string]func(r *Record){
		"found the run ID":           func(r *Record) { r.ID = "../x" },
		`found the run ID ""`:        func(r *Record) { r.ID = "" },
		`found status "ok"`:          func(r *Record) { r.Status = "ok" },
		"wanted a reason":            func(r *Record) { r.Status = Failed },
		`metrics: found "metric00"`:  func(r *Record) { r.Metrics = append(r.Metrics, r.Metrics[0]) },
		`items: found "qa/item0001"`: func(r *Record) { r.Items[0] = r.Items[1] },
		`spec: found "epochs" twice`: func(r *Record) { r.Spec = append(r.Spec, Field{"epochs", "3"}) },
		"without a name":             func(r *Record) { r.Spec = append(r.Spec, Field{"", "3"}) },
	} {
		r := record(1, 2, 2, 2)
		change(r)
		if err := s.Put(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, wanted %s", err, want)
		}
	}
	if done, err := s.Done(); err != nil || len(done) != 0 {
		t.Errorf("got %v, %v", done, err)
	}
}

func TestClaim(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir), open(t, dir)
	r := record(1, 1, 1, 1)
	release, ok, err := a.Claim(r.ID)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	for _, s := range []*Store{a, b} {
		if _, ok, err := s.Claim(r.ID); ok || err != nil {
			t.Error(ok, err)
		}
	}
	if err := b.Put(r); err == nil || !strings.Contains(err.Error(), "claimed by another process") {
		t.Errorf("got %v", err)
	}
	put(t, a, r)
	release()
	release()
	again, ok, err := b.Claim(r.ID)
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	again()
	unlock, err := a.lockTables()
	if err != nil {
		t.Fatal(err)
	}
	var busy *BusyError
	if err := b.Compact(context.Background()); !errors.As(err, &busy) || !strings.Contains(err.Error(), "process ") {
		t.Errorf("got %v", err)
	}
	unlock()
	compact(t, b)
	if entries, _ := os.ReadDir(filepath.Join(a.shards, "claims")); len(entries) > 0 {
		t.Errorf("%d claims are left", len(entries))
	}
}
