package store

// The Parquet files: opened together, read in order of run.

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/metadata"
)

const (
	batchRows  = 8192
	batchBytes = 1 << 30 // what one batch may ask for
	specPrefix = "spec."
)

// errMixed marks tables of which some are newer than others.
var errMixed = errors.New("the tables are of different compactions")

// tableSet is the tables of one compaction; the zero value holds no runs.
type tableSet struct {
	set   string
	files []*tableFile // in the order of Tables
	runs  []Run        // by ID; not to be changed
}

type tableFile struct {
	path string
	f    *os.File
	size int64
	r    *file.Reader
	mem  *budget
}

func tablePath(dir, name string) string { return filepath.Join(dir, name+".parquet") }

// openTables opens the committed tables. It waits for a process that is renaming
// them, and finishes the work of one that died doing so.
func (s *Store) openTables() (*tableSet, error) {
	var t *tableSet
	var err error
	for range 200 {
		t, err = openSet(s.tables)
		if !errors.Is(err, errMixed) {
			break
		}
		if s.shards != "" {
			if err := s.recoverTables(); err != nil {
				return nil, err
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	t.runs = s.runs
	same := s.set == t.set
	s.mu.Unlock()
	if same {
		return t, nil
	}
	if t.runs, err = t.readRuns(); err != nil {
		t.close()
		return nil, err
	}
	s.mu.Lock()
	s.runs, s.set = t.runs, t.set
	s.mu.Unlock()
	return t, nil
}

// remedy is what to do about tables of several compactions: the first where one was interrupted, which left its runs in the shards.
const remedy = "theriac run of the experiment finishes a compaction that was interrupted; otherwise restore the directory from version control"

func openSet(dir string) (*tableSet, error) {
	t := &tableSet{}
	missing := ""
	for _, name := range Tables {
		path := tablePath(dir, name)
		f, err := openTable(path)
		if errors.Is(err, os.ErrNotExist) {
			missing = path
			continue
		}
		var set string
		if err == nil {
			t.files = append(t.files, f)
			set, err = f.check()
		}
		if err == nil && len(t.files) > 1 && set != t.set {
			err = fmt.Errorf("%s: %w: %s", dir, errMixed, remedy)
		}
		if err != nil {
			t.close()
			return nil, err
		}
		t.set = set
	}
	if len(t.files) > 0 && missing != "" {
		t.close()
		return nil, fmt.Errorf("%s: not found, though its neighbours are there: %w: %s", missing, errMixed, remedy)
	}
	return t, nil
}

func (t *tableSet) close() {
	for _, f := range t.files {
		f.f.Close()
	}
}

// openTable opens a Parquet file. The error of one that is absent is os.ErrNotExist.
func openTable(path string) (t *tableFile, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fail(path, err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fail(path, err)
	}
	t = &tableFile{path: path, f: f, size: info.Size(), mem: newBudget(batchBytes)}
	err = t.try(func() (err error) {
		t.r, err = file.NewParquetReader(f, file.WithReadProps(parquet.NewReaderProperties(t.mem)))
		return err
	})
	if err != nil {
		f.Close()
		return nil, err
	}
	return t, nil
}

// column opens one column of one row group. It may panic: see caught.
func (t *tableFile) column(group, i int) (*column, error) {
	g := t.r.MetaData().RowGroup(group)
	if i >= g.NumColumns() {
		return nil, fmt.Errorf("found only %d columns in row group %d", g.NumColumns(), group)
	}
	chunk, err := g.ColumnChunk(i)
	if err != nil {
		return nil, err
	}
	return openColumn(t.f, t.size, chunk, t.r.MetaData().Schema.Column(i))
}

// decode calls f: what arrow makes of damaged bytes becomes an error.
func (t *tableFile) decode(f func() error) (err error) {
	defer caught(&err)
	t.mem.reset(batchBytes)
	return f()
}

// try is decode with the file's name in the error.
func (t *tableFile) try(f func() error) error {
	if err := t.decode(f); err != nil {
		return fmt.Errorf("%s: %w", t.path, err)
	}
	return nil
}

// check returns the set that the file belongs to.
func (t *tableFile) check() (set string, err error) {
	err = t.try(func() error {
		version := t.r.MetaData().KeyValueMetadata().FindValue(schemaKey)
		if version == nil {
			return fmt.Errorf("found no %s, wanted a table that theriac wrote", schemaKey)
		}
		if *version != SchemaVersion {
			return fmt.Errorf("%w: found %q, this program reads %q: use the theriac that wrote it, or delete the tables and run the experiment again", errVersion, *version, SchemaVersion)
		}
		if v := t.r.MetaData().KeyValueMetadata().FindValue(setKey); v != nil {
			set = *v
			return nil
		}
		return fmt.Errorf("found no %s, wanted a table that theriac wrote", setKey)
	})
	return set, err
}

func sameFields(found []arrow.Field, want []arrow.Field) error {
	for i, w := range want {
		if i >= len(found) {
			return fmt.Errorf("found no column %q", w.Name)
		}
		if f := found[i]; f.Name != w.Name || f.Nullable != w.Nullable || !arrow.TypeEqual(f.Type, w.Type) {
			return fmt.Errorf("found the column %q (%v), wanted %q (%v)", f.Name, f.Type, w.Name, w.Type)
		}
	}
	return nil
}

// readRuns reads all of runs.
func (t *tableSet) readRuns() ([]Run, error) {
	if len(t.files) == 0 {
		return nil, nil
	}
	f := t.files[0]
	var specs []arrow.Field
	b, err := f.batches(allGroups(f.r), func(fields []arrow.Field) error {
		if err := sameFields(fields, runFields()); err != nil {
			return err
		}
		specs = fields[len(runCols):]
		for _, s := range specs {
			if !strings.HasPrefix(s.Name, specPrefix) || s.Type.ID() != arrow.STRING {
				return fmt.Errorf("found the column %q (%v), wanted only %sNAME (utf8) after the run's own", s.Name, s.Type, specPrefix)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var runs []Run
	for {
		cols, err := b.next()
		if err != nil {
			return nil, err
		}
		if cols == nil {
			return runs, nil
		}
		n := len(runs)
		err = f.try(func() error {
			runs = append(runs, make([]Run, cols[0].Len())...)
			for i := range runCols {
				runCols[i].read(cols[i], 0, runs[n:])
			}
			for i, s := range specs {
				a := cols[len(runCols)+i].(*array.String)
				for j := range runs[n:] {
					if a.IsValid(j) {
						r := &runs[n+j]
						r.Spec = append(r.Spec, Field{s.Name[len(specPrefix):], a.Value(j)})
					}
				}
			}
			for i := max(n, 1); i < len(runs); i++ {
				if runs[i].ID <= runs[i-1].ID {
					return fmt.Errorf("row %d: found run %s after %s, wanted them sorted", i+1, runs[i].ID, runs[i-1].ID)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
}

func allGroups(r *file.Reader) []int {
	out := make([]int, r.NumRowGroups())
	for i := range out {
		out[i] = i
	}
	return out
}

// groupsOf returns the row groups that can hold any of the runs, sorted.
func groupsOf(r *file.Reader, runs []string) []int {
	var out []int
	for i := range r.NumRowGroups() {
		lo, hi, ok := bounds(r.MetaData().RowGroup(i))
		for len(runs) > 0 && ok && runs[0] < lo {
			runs = runs[1:]
		}
		if !ok || len(runs) > 0 && runs[0] <= hi {
			out = append(out, i)
		}
	}
	return out
}

// bounds of the first column, which is the run.
func bounds(g *metadata.RowGroupMetaData) (lo, hi string, ok bool) {
	c, err := g.ColumnChunk(0)
	if err != nil {
		return "", "", false
	}
	if set, err := c.StatsSet(); err != nil || !set {
		return "", "", false
	}
	stats, err := c.Statistics()
	if err != nil {
		return "", "", false
	}
	s, ok := stats.(*metadata.ByteArrayStatistics)
	if !ok || !s.HasMinMax() {
		return "", "", false
	}
	return string(s.Min()), string(s.Max()), true
}

// cursor walks one long table, run by run.
type cursor struct {
	table anyTable
	file  *tableFile
	rows  *batches
	ids   *array.String
	cols  []arrow.Array
	at, n int
	end   bool
}

// cursor opens table i of [Tables] (not runs) at the runs wanted, sorted.
func (t *tableSet) cursor(i int, runs []string) (*cursor, error) {
	f := t.files[i]
	var groups []int
	if err := f.try(func() error { groups = groupsOf(f.r, runs); return nil }); err != nil {
		return nil, err
	}
	c := &cursor{table: longTables[i-1], file: f}
	want := append([]arrow.Field{runCols[0].field()}, c.table.fields()...)
	var err error
	c.rows, err = f.batches(groups, func(fields []arrow.Field) error {
		if len(fields) > len(want) {
			return fmt.Errorf("found the column %q, wanted none after %q", fields[len(want)].Name, want[len(want)-1].Name)
		}
		return sameFields(fields, want)
	})
	return c, err
}

// take moves past a run's rows and adds them to r unless it is nil. Runs are taken in order.
func (c *cursor) take(run string, r *Record) error {
	for !c.end {
		if c.at == c.n {
			cols, err := c.rows.next()
			if err != nil {
				return err
			}
			if c.end = cols == nil; c.end {
				return nil
			}
			c.ids, c.cols = cols[0].(*array.String), cols[1:]
			c.at, c.n = 0, c.ids.Len()
			continue
		}
		done := false
		err := c.file.try(func() error {
			id := c.ids.Value(c.at)
			if id < run {
				return fmt.Errorf("found rows of run %s, which runs.parquet does not have there", id)
			}
			to := c.at
			for to < c.n && c.ids.Value(to) == run {
				to++
			}
			if r != nil {
				c.table.read(c.cols, c.at, to, r)
			}
			c.at, done = to, to < c.n
			return nil
		})
		if done || err != nil {
			return err
		}
	}
	return nil
}

// fill reads the rows of one run.
func (t *tableSet) fill(r *Record) error {
	for i := 1; i < len(t.files); i++ {
		c, err := t.cursor(i, []string{r.ID})
		if err != nil {
			return err
		}
		for _, run := range t.runs {
			if run.ID > r.ID {
				break
			}
			if run.ID == r.ID {
				err = c.take(r.ID, r)
			} else {
				err = c.take(run.ID, nil)
			}
			if err != nil {
				return err
			}
		}
	}
	return t.verify(r)
}

// verify says whether a run's rows are those that were stored.
func (t *tableSet) verify(r *Record) error {
	if d := digest(r); d != r.Digest {
		return fmt.Errorf("%s: run %s: found rows with digest %s, wanted %s: the tables were changed or damaged: restore them from version control, or delete them and run the experiment again",
			filepath.Dir(t.files[0].path), r.ID, d, r.Digest)
	}
	return nil
}
