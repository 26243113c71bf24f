package corpus

// Reading examples from a file or a stream, one row in memory at a time.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"
)

// Options says how to read a file; the zero value detects everything.
type Options struct {
	// Format of the file; "" takes it from the file's name.
	Format Format
	// Shape of the rows; "" detects it on the first row.
	Shape Shape
	// SkipBad counts and lists malformed rows instead of stopping at the first.
	SkipBad bool
	// Dataset is the name in Source; "" is the file's name without its endings.
	Dataset string
	// IDs continues the numbering of another file's rows; nil starts at 0.
	IDs *IDs
	// MaxRow is the most bytes a row may have; 0 is 16 MiB.
	MaxRow int
}

// Reader yields the examples of one file. It is not safe for concurrent use.
type Reader struct {
	name    string
	opt     Options
	src     source
	shape   Shape
	digest  string
	row     int
	skipped Skipped
	end     error        // what ended the file
	check   func() error // whether the file is still what was digested
	closers []io.Closer
}

// entry is one row: as bytes, as cells, and as an example unless err says why not.
type entry struct {
	raw   rawRow
	cells []cell
	lay   layout
	ex    Example
	err   *RowError
}

// Open opens a data file. Its digest is taken first, in a pass of its own, so
// that every example can name it.
func Open(path string, opt Options) (*Reader, error) {
	format, zip := formatOf(path)
	if opt.Format == "" {
		opt.Format = format
	}
	if opt.Dataset == "" {
		opt.Dataset = datasetName(path)
	}
	f, digest, err := openDigested(path)
	if err != nil {
		return nil, err
	}
	r := &Reader{name: path, opt: opt, digest: digest, check: f.unchanged, closers: []io.Closer{f}}
	if opt.Format == Parquet {
		r.src, err = openParquet(path, zip, r)
	} else if opt.Format == "" {
		err = fmt.Errorf("%s: found an unknown ending, wanted .json, .jsonl, .csv or .parquet (also .gz, .zst): name the format", path)
	} else {
		var in io.Reader
		if in, err = unzip(f, zip, r); err == nil {
			r.src, err = newSource(in, path, &r.opt)
		}
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// NewReader reads uncompressed rows of a text format from a stream. name stands
// in errors; Source has no digest.
func NewReader(in io.Reader, name string, opt Options) (*Reader, error) {
	r := &Reader{name: name, opt: opt}
	var err error
	r.src, err = newSource(in, name, &r.opt)
	return r, err
}

// newSource returns the source of a text format, detecting it if opt has none.
func newSource(r io.Reader, name string, opt *Options) (source, error) {
	if opt.MaxRow <= 0 {
		opt.MaxRow = 16 << 20
	}
	in := newInput(r, name, opt.MaxRow)
	if opt.Format == "" || opt.Format == JSON {
		// A file called .json may hold a list, or one object a line.
		head, _ := in.Peek(4096)
		head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
		if opt.Format = JSON; len(head) > 0 && head[0] == '{' {
			opt.Format = JSONL
		}
	}
	switch opt.Format {
	case JSON:
		return &arrayRows{in: in}, nil
	case JSONL:
		return &lineRows{in: in}, nil
	case CSV:
		return &csvRows{in: in}, nil
	}
	return nil, fmt.Errorf("%s: found the format %q, wanted json, jsonl or csv", name, opt.Format)
}

// Next returns the next example, io.EOF after the last, or a *RowError; after
// any error other than a *RowError the reader is at its end.
func (r *Reader) Next() (Example, error) {
	for {
		e, err := r.entry()
		if err != nil {
			return Example{}, err
		}
		if e.err == nil {
			return e.ex, nil
		}
		if !r.opt.SkipBad {
			return Example{}, e.err
		}
		r.skipped.add(e.err)
	}
}

// entry returns the next row; its error ends the file.
func (r *Reader) entry() (entry, error) {
	if r.end != nil {
		return entry{}, r.end
	}
	raw, err := r.src.next()
	if err == io.EOF && r.check != nil {
		if changed := r.check(); changed != nil {
			err = changed
		}
	}
	if err != nil {
		r.end = err
		return entry{}, err
	}
	e := entry{raw: raw}
	if err := r.decode(&e); err != nil {
		e.err = &RowError{File: r.name, Line: raw.line, Row: r.row, Err: err}
	}
	r.row++
	return e, nil
}

func (r *Reader) decode(e *entry) (err error) {
	if e.raw.long {
		return fmt.Errorf("found a row longer than %d bytes", r.opt.MaxRow)
	}
	if e.cells, err = r.src.cells(e.raw); err != nil {
		if r.opt.Format == JSONL && r.row == 0 && !json.Valid(e.raw.raw) {
			err = fmt.Errorf("%w; wanted one whole object a line (a file that is a JSON list: name the format json)", err)
		}
		return err
	}
	shape := r.shape
	if shape == "" {
		shape = r.opt.Shape
	}
	if shape == "" {
		if prefers(e.cells) {
			return ErrPreference
		}
		if shape, err = detectShape(e.cells); err != nil {
			return err
		}
	}
	if err := refused(shape, e.cells); err != nil {
		return err
	}
	if e.lay, err = shape.layout(e.cells); err != nil {
		return err
	}
	if e.ex, err = decode(shape, e.cells, e.lay); err != nil {
		return err
	}
	if r.opt.IDs == nil {
		r.opt.IDs = &IDs{}
	}
	r.shape = shape
	e.ex.ID = r.opt.IDs.Next(e.ex.Turns)
	e.ex.Source = Source{Dataset: r.opt.Dataset, Digest: r.digest, Row: r.row}
	return nil
}

// All yields every example; an error is yielded once, and ends it unless the
// loop goes on after a *RowError.
func (r *Reader) All() iter.Seq2[Example, error] {
	return func(yield func(Example, error) bool) {
		for {
			ex, err := r.Next()
			if err == io.EOF || !yield(ex, err) {
				return
			}
			var row *RowError
			if err != nil && !errors.As(err, &row) {
				return
			}
		}
	}
}

// Shape is the shape of the rows read so far, "" before the first.
func (r *Reader) Shape() Shape { return r.shape }

// Digest is the SHA-256 of the file as it lies on disk, hex; "" for a stream.
func (r *Reader) Digest() string { return r.digest }

// Skipped tells what SkipBad has left out so far.
func (r *Reader) Skipped() Skipped { return r.skipped }

// Close closes the file.
func (r *Reader) Close() error {
	var errs []error
	for i := len(r.closers) - 1; i >= 0; i-- {
		errs = append(errs, r.closers[i].Close())
	}
	r.closers = nil
	return errors.Join(errs...)
}

// Set is a whole file in memory.
type Set struct {
	Examples []Example
	Shape    Shape
	Digest   string // SHA-256 of the file, hex
	Skipped  Skipped
}

// Load reads a whole file. A file without a usable row is ErrEmpty.
func Load(path string, opt Options) (*Set, error) {
	r, err := Open(path, opt)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	s := &Set{Digest: r.digest}
	for ex, err := range r.All() {
		if err != nil {
			return nil, err
		}
		s.Examples = append(s.Examples, ex)
	}
	s.Shape, s.Skipped = r.Shape(), r.Skipped()
	if len(s.Examples) == 0 && s.Skipped.Count > 0 {
		first := &s.Skipped.Rows[0]
		return nil, fmt.Errorf("%s: %w: %d rows are malformed, the first: line %d: %w", path, ErrEmpty, s.Skipped.Count, first.Line, first.Err)
	}
	if len(s.Examples) == 0 {
		return nil, fmt.Errorf("%s: %w", path, ErrEmpty)
	}
	return s, nil
}

func datasetName(path string) string {
	name := filepath.Base(path)
	for _, end := range []string{".gz", ".zst", ".json", ".jsonl", ".ndjson", ".csv", ".parquet"} {
		name = strings.TrimSuffix(name, end)
	}
	return name
}
