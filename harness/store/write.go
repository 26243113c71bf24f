package store

// Writing the Parquet files: fixed properties, row groups of a fixed number of rows,
// so that the bytes depend on the rows alone.

import (
	"bufio"
	"errors"
	"os"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
)

// groupRows is the number of rows in a row group.
const groupRows = 1 << 16

// properties of the files. Text repeats and is dictionary-coded, numbers are not.
func properties(fields []arrow.Field) *parquet.WriterProperties {
	opts := []parquet.WriterProperty{
		parquet.WithCreatedBy("theriac"),
		parquet.WithVersion(parquet.V2_6),
		parquet.WithDataPageVersion(parquet.DataPageV1),
		parquet.WithCompression(compress.Codecs.Zstd),
		parquet.WithMaxRowGroupLength(groupRows),
		parquet.WithDataPageSize(1 << 20),
		parquet.WithBatchSize(1024),
		parquet.WithDictionaryDefault(false),
		parquet.WithDictionaryPageSizeLimit(1 << 20),
		parquet.WithStats(true),
	}
	for _, f := range fields {
		switch path := (parquet.ColumnPath{f.Name}); f.Type.ID() {
		case arrow.STRING:
			opts = append(opts, parquet.WithDictionaryPath(path, true))
		case arrow.FLOAT32, arrow.FLOAT64:
			// Bounds leave NaN out, and DuckDB 2.0 takes them to say that there is none.
			opts = append(opts, parquet.WithStatsPath(path, false))
		}
	}
	return parquet.NewWriterProperties(opts...)
}

// tableWriter writes one file. Row groups are encoded beside the caller's work.
type tableWriter struct {
	path  string
	f     *os.File
	buf   *bufio.Writer
	pq    *pqarrow.FileWriter
	rows  *array.RecordBuilder
	n     int // rows in the builder
	queue chan arrow.Record
	ended chan error
}

func newTableWriter(path string, fields []arrow.Field) (*tableWriter, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, fail(path, err)
	}
	w := &tableWriter{path: path, f: f, buf: bufio.NewWriterSize(f, 1<<18)}
	schema := arrow.NewSchema(fields, nil)
	arrowProps := pqarrow.NewArrowWriterProperties(pqarrow.WithAllocator(memory.DefaultAllocator))
	// The wrapper keeps the library from closing the file before it is synced.
	w.pq, err = pqarrow.NewFileWriter(schema, struct{ *bufio.Writer }{w.buf}, properties(fields), arrowProps)
	if err != nil {
		f.Close()
		return nil, fail(path, err)
	}
	w.rows = array.NewRecordBuilder(memory.DefaultAllocator, schema)
	w.queue, w.ended = make(chan arrow.Record, 1), make(chan error, 1)
	go w.encode()
	return w, nil
}

// encode writes what is queued; after an error it only drains.
func (w *tableWriter) encode() {
	var first error
	for rec := range w.queue {
		if first == nil {
			first = w.group(rec)
		}
		rec.Release()
	}
	w.ended <- first
}

func (w *tableWriter) group(rec arrow.Record) (err error) {
	defer caught(&err)
	return w.pq.Write(rec)
}

// fill calls add for rows [from, to) as often as row groups demand; it adds them to the
// builder's columns.
func (w *tableWriter) fill(rows int, add func(bs []array.Builder, from, to int)) {
	for from := 0; from < rows; {
		to := min(rows, from+groupRows-w.n)
		add(w.rows.Fields(), from, to)
		w.n += to - from
		if from = to; w.n == groupRows {
			w.flush()
		}
	}
}

func (w *tableWriter) flush() {
	w.queue <- w.rows.NewRecord()
	w.n = 0
}

// finish writes what is left and the set's name, and syncs. It closes the file in any case.
func (w *tableWriter) finish(set string) error {
	if w.n > 0 {
		w.flush()
	}
	err := w.stop()
	if err == nil {
		err = errors.Join(w.pq.AppendKeyValueMetadata(schemaKey, SchemaVersion), w.pq.AppendKeyValueMetadata(setKey, set))
	}
	if err == nil {
		err = w.closeParquet()
	}
	if err == nil {
		err = w.buf.Flush()
	}
	if err == nil {
		err = fsync(w.f)
	}
	if err = errors.Join(err, w.f.Close()); err != nil {
		return fail(w.path, err)
	}
	return nil
}

func (w *tableWriter) closeParquet() (err error) {
	defer caught(&err)
	return w.pq.Close()
}

func (w *tableWriter) stop() error {
	close(w.queue)
	return <-w.ended
}

// setWriter writes all tables into a directory. Its add takes records in order of run.
type setWriter struct {
	dir  string
	long []*tableWriter
	runs []Run
	set  setDigest
}

func newSetWriter(dir string) (*setWriter, error) {
	w := &setWriter{dir: dir, set: newSetDigest()}
	for _, t := range longTables {
		fields := append([]arrow.Field{runCols[0].field()}, t.fields()...)
		tw, err := newTableWriter(tablePath(dir, t.title()), fields)
		if err != nil {
			w.abandon()
			return nil, err
		}
		w.long = append(w.long, tw)
	}
	return w, nil
}

func (w *setWriter) add(r *Record) {
	w.set.add(r.Digest)
	w.runs = append(w.runs, r.Run)
	for i, t := range longTables {
		w.long[i].fill(t.count(r), func(bs []array.Builder, from, to int) {
			id := bs[0].(*array.StringBuilder)
			id.Reserve(to - from)
			for range to - from {
				id.Append(r.ID)
			}
			t.write(bs[1:], r, from, to)
		})
	}
}

// finish writes runs, whose columns are known only now, and closes all files.
func (w *setWriter) finish() error {
	set := w.set.sum()
	var errs []error
	for _, t := range w.long {
		errs = append(errs, t.finish(set))
	}
	w.long = nil
	if err := errors.Join(errs...); err != nil {
		return errs[slices.IndexFunc(errs, func(e error) bool { return e != nil })]
	}
	names := specNames(w.runs)
	fields := runFields()
	for _, name := range names {
		fields = append(fields, arrow.Field{Name: specPrefix + name, Type: arrow.BinaryTypes.String, Nullable: true})
	}
	t, err := newTableWriter(tablePath(w.dir, Tables[0]), fields)
	if err != nil {
		return err
	}
	t.fill(len(w.runs), func(bs []array.Builder, from, to int) {
		for i := range runCols {
			runCols[i].write(bs[i], w.runs[from:to])
		}
		for i := range w.runs[from:to] {
			spec := w.runs[from+i].Spec // sorted, as names are
			for j, name := range names {
				if b := bs[len(runCols)+j].(*array.StringBuilder); len(spec) > 0 && spec[0].Name == name {
					b.Append(spec[0].Value)
					spec = spec[1:]
				} else {
					b.AppendNull()
				}
			}
		}
	})
	return t.finish(set)
}

// abandon closes the files that finish has not.
func (w *setWriter) abandon() {
	for _, t := range w.long {
		t.stop()
		t.f.Close()
	}
	w.long = nil
}
