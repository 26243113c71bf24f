package store

// The store: shards put, found, read and dropped.

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Store is one experiment's tables and shards. Its methods may be called from many
// goroutines, and many processes may open the same directories.
type Store struct {
	tables, shards string

	mu   sync.Mutex
	held map[string]bool     // runs claimed through this store
	read map[string]runState // shards already checked, by name
	torn []string            // what was moved aside
	runs []Run               // of the tables as last opened, by ID
	set  string              // what runs was read from
}

// runState is what Done and Status say of a shard.
type runState struct{ run, status string }

// Open opens the tables in one directory (results/PROFILE/EXPERIMENT) and the shards in
// another (results/PROFILE/.runs/EXPERIMENT). An empty shards opens the tables alone, for
// reading. Neither needs to exist; they are made when something is written. A compaction that was interrupted is finished.
func Open(tables, shards string) (*Store, error) {
	s := &Store{tables: tables, shards: shards, held: map[string]bool{}, read: map[string]runState{}}
	if shards == "" {
		return s, nil
	}
	if err := s.recoverTables(); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Store) writable(run string) error {
	if s.shards == "" {
		return fmt.Errorf("%s: is open for reading only", s.tables)
	}
	return checkID(run)
}

// Put stores a run, in place of any that has its ID. When it returns nil, the run
// survives whatever comes. A run that is not claimed is claimed meanwhile.
func (s *Store) Put(r *Record) error {
	c, err := canonical(r)
	if err != nil {
		return err
	}
	release, err := s.own(c.ID)
	if err != nil {
		return err
	}
	defer release()
	data, err := encodeShard(c)
	if err != nil {
		return fmt.Errorf("run %s: %w", c.ID, err)
	}
	name := shardName(c.ID, data)
	if err := writeWhole(filepath.Join(s.shards, name), filepath.Join(s.shards, "tmp", c.ID), data); err != nil {
		return err
	}
	s.mu.Lock()
	s.read[name] = runState{c.ID, c.Status}
	s.mu.Unlock()
	return s.removeShards(c.ID, name)
}

// own claims a run unless this store has it already; release undoes what own did.
func (s *Store) own(run string) (release func(), err error) {
	s.mu.Lock()
	held := s.held[run]
	s.mu.Unlock()
	if held {
		return func() {}, s.writable(run)
	}
	release, ok, err := s.Claim(run)
	if err == nil && !ok {
		err = fmt.Errorf("%s: run %s is claimed by another process: let it finish", s.shards, run)
	}
	return release, err
}

// removeShards of a run, but not the one named keep.
func (s *Store) removeShards(run, keep string) error {
	entries, err := os.ReadDir(s.shards)
	if err != nil {
		return fail(s.shards, err)
	}
	for _, e := range entries {
		if id, ok := shardRun(e.Name()); ok && id == run && e.Name() != keep {
			if err := os.Remove(filepath.Join(s.shards, e.Name())); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fail(s.shards, err)
			}
		}
	}
	return nil
}

// list returns the names of the shards, sorted by run.
func (s *Store) list() ([]string, error) {
	if s.shards == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(s.shards)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fail(s.shards, err)
	}
	var names []string
	for _, e := range entries {
		if _, ok := shardRun(e.Name()); ok {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		ra, _ := shardRun(a)
		rb, _ := shardRun(b)
		if c := strings.Compare(ra, rb); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return names, nil
}

// load reads a shard. One that is torn is moved aside and counts as absent: nil, nil.
// The error of one that is gone is os.ErrNotExist.
func (s *Store) load(name string) (*Record, error) {
	path := filepath.Join(s.shards, name)
	r, err := readShard(path)
	if errors.Is(err, errTorn) {
		aside := filepath.Join(s.shards, "torn", name)
		if err := os.MkdirAll(filepath.Dir(aside), 0o755); err != nil {
			return nil, fail(aside, err)
		}
		if err := os.Rename(path, aside); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fail(aside, err)
		}
		s.mu.Lock()
		s.torn = append(s.torn, fmt.Sprintf("%v: moved to %s; the run counts as not done", err, aside))
		delete(s.read, name)
		s.mu.Unlock()
		return nil, nil
	}
	if err != nil {
		return nil, fail(path, err)
	}
	s.mu.Lock()
	s.read[name] = runState{r.ID, r.Status}
	s.mu.Unlock()
	return r, nil
}

// Torn says, a line each, which shards were moved aside since Open.
func (s *Store) Torn() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.torn)
}

// Done returns the status of each stored run. Every shard that is new to this store is
// read and checked.
func (s *Store) Done() (map[string]string, error) {
	out := map[string]string{}
	// Shards first: what a compaction takes away meanwhile is in the tables by then.
	names, err := s.list()
	if err != nil {
		return nil, err
	}
	next, stop := s.prefetch(s.unread(names))
	defer stop()
	for {
		if _, err := next(); err == io.EOF {
			break
		} else if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
	}
	t, err := s.openTables()
	if err != nil {
		return nil, err
	}
	defer t.close()
	for _, r := range t.runs {
		out[r.ID] = r.Status
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stored := map[string]bool{}
	for _, name := range names {
		if st, ok := s.read[name]; ok && (!stored[st.run] || st.status == Done) {
			out[st.run], stored[st.run] = st.status, true
		}
	}
	return out, nil
}

// unread are the shards not yet checked.
func (s *Store) unread(names []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, name := range names {
		if _, ok := s.read[name]; !ok {
			out = append(out, name)
		}
	}
	return out
}

// Status of one run: Done, Failed, or empty if it is not stored.
func (s *Store) Status(run string) (string, error) {
	r, err := s.get(run, false)
	if r == nil || err != nil {
		return "", err
	}
	return r.Status, nil
}

// Get returns a run with all its rows; the error of one that is not stored is os.ErrNotExist.
func (s *Store) Get(run string) (*Record, error) {
	r, err := s.get(run, true)
	if r == nil && err == nil {
		err = fmt.Errorf("%s: run %s: %w", s.tables, run, os.ErrNotExist)
	}
	return r, err
}

// get returns nil for a run that is not stored.
func (s *Store) get(run string, rows bool) (*Record, error) {
	if err := checkID(run); err != nil {
		return nil, err
	}
	names, err := s.list() // shards first, as in Done
	if err != nil {
		return nil, err
	}
	var best *Record
	for _, name := range names {
		if id, _ := shardRun(name); id == run {
			r, err := s.load(name)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return nil, err
			}
			best = better(best, r)
		}
	}
	if best != nil {
		return best, nil
	}
	t, err := s.openTables()
	if err != nil {
		return nil, err
	}
	defer t.close()
	i, ok := slices.BinarySearchFunc(t.runs, run, func(r Run, id string) int { return strings.Compare(r.ID, id) })
	if !ok {
		return nil, nil
	}
	r := &Record{Run: t.runs[i]}
	if !rows {
		return r, nil
	}
	return r, t.fill(r)
}

// better of two shards of one run, of which either may be nil: a crash within Put can
// leave the old one beside the new one.
func better(a, b *Record) *Record {
	if a == nil || b != nil && a.Status == Failed && b.Status == Done {
		return b
	}
	return a
}

// Drop removes runs, so that they are done again. Runs that are not there are no error.
func (s *Store) Drop(ctx context.Context, runs []string) error {
	drop := map[string]bool{}
	for _, run := range runs {
		if err := s.writable(run); err != nil {
			return err
		}
		drop[run] = true
	}
	if len(drop) == 0 {
		return nil
	}
	unlock, err := s.lockTables()
	if err != nil {
		return err
	}
	defer unlock()
	names, err := s.list()
	if err != nil {
		return err
	}
	for _, name := range names {
		if run, _ := shardRun(name); drop[run] {
			if err := os.Remove(filepath.Join(s.shards, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
				return fail(s.shards, err)
			}
		}
	}
	return s.compact(ctx, drop)
}
