package store

// Reading everything in order of run: the tables and the shards as one.

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
	"slices"
)

// Scan yields the runs in order of ID, those of the tables and those of the shards as
// one. keep chooses runs (nil: all); of a run the named [Tables] are filled (none: only
// the run itself). An error is the last thing yielded. Memory does not grow with the
// number of runs, but for the rows of runs. A Spec is shared: it is not to be changed.
func (s *Store) Scan(keep func(*Run) bool, tables ...string) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		err := s.scan(keep, tables, func(r *Record, _ []string) error {
			if !yield(r, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && err != errStop {
			yield(nil, err)
		}
	}
}

// Runs returns the runs that keep chooses (nil: all), by ID.
func (s *Store) Runs(keep func(*Run) bool) ([]Run, error) {
	var out []Run
	for r, err := range s.Scan(keep) {
		if err != nil {
			return nil, err
		}
		out = append(out, r.Run)
	}
	return out, nil
}

var (
	errStop = errors.New("stop")
	errGone = errors.New("a shard went into the tables meanwhile")
)

// scan is Scan with the names of the shards that a run was found in.
func (s *Store) scan(keep func(*Run) bool, tables []string, do func(r *Record, shards []string) error) error {
	want := make([]bool, len(Tables))
	for _, name := range tables {
		i := slices.Index(Tables, name)
		if i < 0 {
			return fmt.Errorf("found the table %q, wanted some of %v", name, Tables)
		}
		want[i] = true
	}
	if keep == nil {
		keep = func(*Run) bool { return true }
	}
	last := "" // run that is done with
	for {
		err := s.scanAfter(&last, keep, want, do)
		if !errors.Is(err, errGone) {
			return err
		}
	}
}

// scanAfter scans the runs after *last as the directories are now. Its error is errGone
// when a compaction elsewhere has taken a shard away: the tables have it by then.
func (s *Store) scanAfter(last *string, keep func(*Run) bool, want []bool, do func(*Record, []string) error) error {
	names, err := s.list()
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(name string) bool { return runOf(name) <= *last })
	t, err := s.openTables()
	if err != nil {
		return err
	}
	defer t.close()
	rows, err := t.rows(keep, want)
	if err != nil {
		return err
	}
	next, stop := s.prefetch(names)
	defer stop()
	runs := t.runs
	for len(runs) > 0 || len(names) > 0 {
		run := ""
		if len(runs) > 0 {
			run = runs[0].ID
		}
		if len(names) > 0 && (run == "" || runOf(names[0]) < run) {
			run = runOf(names[0])
		}
		var r *Record
		var from []string
		for ; len(names) > 0 && runOf(names[0]) == run; names = names[1:] {
			shard, err := next()
			if errors.Is(err, os.ErrNotExist) {
				return errGone
			}
			if err != nil {
				return err
			}
			if shard != nil {
				from = append(from, names[0])
			}
			r = better(r, shard)
		}
		if len(runs) > 0 && runs[0].ID == run {
			row, err := rows(runs[0], r == nil && run > *last && keep(&runs[0]))
			if err != nil {
				return err
			}
			if r == nil {
				r = row
			}
			runs = runs[1:]
		}
		if r == nil || run <= *last || !keep(&r.Run) {
			continue
		}
		for i, t := range longTables {
			if !want[i+1] {
				t.clear(r)
			}
		}
		*last = run
		if err := do(r, from); err != nil {
			return err
		}
	}
	return nil
}

func runOf(name string) string {
	run, _ := shardRun(name)
	return run
}

// rows returns a function that reads the rows of each run in turn, or passes over them
// and returns nil.
func (t *tableSet) rows(keep func(*Run) bool, want []bool) (func(run Run, read bool) (*Record, error), error) {
	kept := []string{}
	for i := range t.runs {
		if keep(&t.runs[i]) {
			kept = append(kept, t.runs[i].ID)
		}
	}
	var cursors []*cursor
	for i := 1; i < len(t.files); i++ {
		if want[i] {
			c, err := t.cursor(i, kept)
			if err != nil {
				return nil, err
			}
			cursors = append(cursors, c)
		}
	}
	return func(run Run, read bool) (*Record, error) {
		var r *Record
		if read {
			r = &Record{Run: run}
		}
		for _, c := range cursors {
			if err := c.take(run.ID, r); err != nil {
				return nil, err
			}
		}
		if read && len(cursors) == len(longTables) {
			return r, t.verify(r)
		}
		return r, nil
	}, nil
}

// prefetch reads shards ahead, a few at a time. next returns them in the order of
// names as load does, then io.EOF.
func (s *Store) prefetch(names []string) (next func() (*Record, error), stop func()) {
	type loaded struct {
		r   *Record
		err error
	}
	ahead := 2 * runtime.GOMAXPROCS(0)
	var queue []chan loaded
	launch := func() {
		for len(names) > 0 && len(queue) < ahead {
			name, c := names[0], make(chan loaded, 1)
			names, queue = names[1:], append(queue, c)
			go func() {
				r, err := s.load(name)
				c <- loaded{r, err}
			}()
		}
	}
	next = func() (*Record, error) {
		launch()
		if len(queue) == 0 {
			return nil, io.EOF
		}
		l := <-queue[0]
		queue = queue[1:]
		launch()
		return l.r, l.err
	}
	return next, func() {
		for _, c := range queue {
			<-c
		}
	}
}
