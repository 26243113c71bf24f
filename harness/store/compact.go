package store

// Compaction: shards and tables into new tables, so that a kill at any moment loses nothing.

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// commitment is what next/commit holds once the new tables are whole.
type commitment struct {
	Shards []string // the shards that the tables now hold
}

// Compact merges all shards into the tables. It does nothing if there are no shards.
// A [BusyError] means that another process is at it; ctx ends it early, without a trace.
func (s *Store) Compact(ctx context.Context) error {
	if s.shards == "" {
		return fmt.Errorf("%s: is open for reading only", s.tables)
	}
	unlock, err := s.lockTables()
	if err != nil {
		return err
	}
	defer unlock()
	return s.compact(ctx, nil)
}

// compact is Compact for a caller that has the lock. Runs of drop are left out, those
// of other stores put in.
func (s *Store) compact(ctx context.Context, drop map[string]bool, others ...*Store) error {
	if err := s.finishTables(); err != nil {
		return err
	}
	if err := s.cleanTemps(); err != nil {
		return err
	}
	if needed, err := s.needed(drop); err != nil || !needed && len(others) == 0 {
		return err
	}
	next := filepath.Join(s.shards, "next")
	if err := os.MkdirAll(next, 0o755); err != nil {
		return fail(next, err)
	}
	shards, err := s.writeSet(ctx, next, drop, others)
	if err != nil {
		os.RemoveAll(next)
		return err
	}
	text, err := json.Marshal(commitment{shards})
	if err != nil {
		return err
	}
	if err := syncDir(next); err != nil {
		return err
	}
	if err := writeWhole(filepath.Join(next, "commit"), filepath.Join(next, "commit.tmp"), text); err != nil {
		os.RemoveAll(next)
		return err
	}
	return s.finishTables()
}

// needed says whether compaction would change the tables.
func (s *Store) needed(drop map[string]bool) (bool, error) {
	names, err := s.list()
	if err != nil || len(names) > 0 {
		return true, err
	}
	t, err := s.openTables()
	if err != nil {
		return false, err
	}
	defer t.close()
	for i := range t.runs {
		if drop[t.runs[i].ID] {
			return true, nil
		}
	}
	return false, nil
}

// writeSet writes all runs into dir and returns the shards that they came from.
func (s *Store) writeSet(ctx context.Context, dir string, drop map[string]bool, others []*Store) (shards []string, err error) {
	w, err := newSetWriter(dir)
	if err != nil {
		return nil, err
	}
	defer w.abandon()
	keep := func(r *Run) bool { return !drop[r.ID] }
	err = s.scanAll(keep, others, func(r *Record, from []string) error {
		w.add(r)
		shards = append(shards, from...)
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	return shards, w.finish()
}

// recoverTables finishes an interrupted compaction unless someone is at it.
func (s *Store) recoverTables() error {
	if _, err := os.Stat(filepath.Join(s.shards, "next")); err != nil {
		return nil
	}
	unlock, err := s.lockTables()
	var busy *BusyError
	if errors.As(err, &busy) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	return s.finishTables()
}

// finishTables brings next/ to its end: with a commit the tables are renamed and the
// shards deleted, in this order; without one next/ is thrown away. It can be killed and
// repeated at any point. The caller has the lock.
func (s *Store) finishTables() error {
	next := filepath.Join(s.shards, "next")
	commit := filepath.Join(next, "commit")
	text, err := os.ReadFile(commit)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.RemoveAll(next); err != nil {
			return fail(next, err)
		}
		return nil
	}
	var c commitment
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		return fail(commit, err)
	}
	if err := os.MkdirAll(s.tables, 0o755); err != nil {
		return fail(s.tables, err)
	}
	for _, name := range Tables {
		err := os.Rename(tablePath(next, name), tablePath(s.tables, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) { // absent: renamed before the kill
			return fail(s.tables, err)
		}
	}
	if err := syncDir(s.tables); err != nil {
		return err
	}
	set, err := openSet(s.tables) // the shards hold all of it until then
	if err != nil {
		return err
	}
	set.close()
	for _, name := range c.Shards {
		if _, ok := shardRun(name); !ok {
			return fmt.Errorf("%s: found %q, wanted the name of a shard", commit, name)
		}
		if err := os.Remove(filepath.Join(s.shards, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fail(s.shards, err)
		}
	}
	if err := os.Remove(commit); err != nil {
		return fail(commit, err)
	}
	if err := os.RemoveAll(next); err != nil {
		return fail(next, err)
	}
	return nil
}

// cleanTemps removes what killed processes left half-written: a temporary file whose
// run nobody has claimed.
func (s *Store) cleanTemps() error {
	dir := filepath.Join(s.shards, "tmp")
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fail(dir, err)
	}
	for _, e := range entries {
		release, ok, err := s.Claim(e.Name())
		if err != nil || !ok {
			continue
		}
		os.Remove(filepath.Join(dir, e.Name()))
		release()
	}
	return nil
}
