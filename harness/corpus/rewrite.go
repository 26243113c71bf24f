package corpus

// Rewriting a file in place of its rows: what does not change keeps its bytes,
// and so does everything between rows. Memory is constant per row.

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// Edit looks at row (0-based, in the file's order, bad rows counted) and may
// change *ex; changed says whether it did. The rows in added are written after
// this one, in its manner. An error stops the rewriting.
type Edit func(row int, ex *Example) (changed bool, added []Example, err error)

// Place is where a changed or added row stands in the output.
type Place struct {
	ID    string
	Row   int // 0-based, in the output
	Line  int // 1-based line in the output on which the row starts
	Added bool
}

// Rewritten tells what Rewrite did.
type Rewritten struct {
	Rows      int    // in the output
	Shape     Shape  // of the rows
	InDigest  string // SHA-256 of the input file, hex
	OutDigest string // SHA-256 of the output file, hex
	Places    []Place
	Skipped   Skipped // rows that SkipBad copied without showing them to Edit
}

// Rewrite copies in to out, which may be the same path, through edit. Rows that
// did not change, and the bytes between rows, are copied verbatim; in a changed
// row only the values that changed are replaced. An added row is written with
// the white space of the row before it; its ID should come from AddedID. With
// SkipBad, malformed rows are copied and counted, except rows longer than
// MaxRow, which end the rewriting. Parquet cannot be rewritten.
// out appears whole or not at all.
func Rewrite(in, out string, opt Options, edit Edit) (*Rewritten, error) {
	r, err := Open(in, opt)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if r.opt.Format == Parquet {
		return nil, fmt.Errorf("%s: found parquet, whose rows have no bytes of their own, wanted jsonl, json or csv: convert the file first", in)
	}
	format, zip := formatOf(out)
	if format != "" && format != r.opt.Format && !(format == JSON && r.opt.Format == JSONL) {
		return nil, fmt.Errorf("%s: found an ending for %s, wanted one for %s as in %s", out, format, r.opt.Format, in)
	}
	o, err := create(out, zip)
	if err != nil {
		return nil, err
	}
	defer o.abort()
	w := rewriter{r: r, w: o, line: func() int { return o.line }}
	if err := w.run(edit); err != nil {
		return nil, err
	}
	if w.rows == 0 {
		return nil, fmt.Errorf("%s: %w", in, ErrEmpty)
	}
	res := &Rewritten{Rows: w.rows, Shape: r.Shape(), InDigest: r.digest, Places: w.places, Skipped: r.skipped}
	res.OutDigest, err = o.commit()
	return res, err
}

type rewriter struct {
	r      *Reader
	w      io.Writer
	line   func() int // line of the next byte written
	rows   int
	places []Place
}

func (w *rewriter) run(edit Edit) error {
	for {
		e, err := w.r.entry()
		if err == io.EOF {
			return w.write(w.r.src.tail())
		}
		if err != nil {
			return err
		}
		if err := w.row(&e, edit); err != nil {
			return err
		}
	}
}

func (w *rewriter) write(b []byte) error {
	_, err := w.w.Write(b)
	return err
}

// row copies or changes one row.
func (w *rewriter) row(e *entry, edit Edit) error {
	if err := w.write(e.raw.before); err != nil {
		return err
	}
	if e.err != nil {
		if !w.r.opt.SkipBad || e.raw.long {
			return e.err
		}
		w.r.skipped.add(e.err)
		w.rows++
		return w.write(e.raw.raw)
	}
	id := e.ex.ID
	changed, added, err := edit(w.r.row-1, &e.ex)
	if err != nil {
		return w.at(e, err)
	}
	row := e.raw.raw
	if changed {
		if row, err = w.changed(e); err != nil {
			return w.at(e, err)
		}
		w.place(id, false)
	}
	w.rows++
	if err := w.write(row); err != nil {
		return err
	}
	for i := range added {
		row, err := w.added(e, &added[i])
		if err != nil {
			return w.at(e, fmt.Errorf("added row: %w", err))
		}
		if err := w.write(w.r.src.separator(e.raw)); err != nil {
			return err
		}
		w.place(added[i].ID, true)
		w.rows++
		if err := w.write(row); err != nil {
			return err
		}
	}
	return nil
}

func (w *rewriter) place(id string, added bool) {
	w.places = append(w.places, Place{ID: id, Row: w.rows, Line: w.line(), Added: added})
}

func (w *rewriter) at(e *entry, err error) error {
	var row *RowError
	if errors.As(err, &row) {
		return err
	}
	return fmt.Errorf("%s:%d: %w", w.r.name, e.raw.line, err)
}

// changed returns the bytes of a row whose example was changed.
func (w *rewriter) changed(e *entry) ([]byte, error) {
	fields, err := encode(w.r.shape, &e.ex, e.cells, e.lay, asciiOnly(e.raw.raw))
	if err != nil {
		return nil, err
	}
	same := len(fields) == len(e.cells)
	values := make([][]byte, len(e.cells))
	for i := 0; same && i < len(fields); i++ {
		if same = fields[i].Key == e.cells[i].key; same && string(fields[i].Raw) != string(e.cells[i].value) {
			values[i] = fields[i].Raw
		}
	}
	var row []byte
	if same {
		row, err = w.r.src.splice(e.raw, e.cells, values)
	} else {
		row, err = w.r.src.compose(e.raw, e.cells, fields)
	}
	if err != nil {
		return nil, err
	}
	return row, w.verify(row, &e.ex)
}

// added returns the bytes of a new row in the manner of e.
func (w *rewriter) added(e *entry, ex *Example) ([]byte, error) {
	fields, err := encode(w.r.shape, ex, e.cells, e.lay, asciiOnly(e.raw.raw))
	if err != nil {
		return nil, err
	}
	row, err := w.r.src.compose(e.raw, e.cells, fields)
	if err != nil {
		return nil, err
	}
	return row, w.verify(row, ex)
}

// verify checks that a row that was made here reads back as its example.
func (w *rewriter) verify(row []byte, ex *Example) error {
	cells, err := w.r.src.cells(rawRow{raw: row})
	if err != nil {
		return err
	}
	if w.r.opt.Format == CSV {
		if cells, err = withoutEmpty(w.r.shape, cells, ex.Extra); err != nil {
			return err
		}
	}
	return readsBack(w.r.shape, ex, cells)
}

// withoutEmpty leaves out the cells that a row of a CSV file has only because the file has the column.
func withoutEmpty(s Shape, cells []cell, extra []Field) (out []cell, err error) {
	l, err := s.layout(cells)
	for i, c := range cells {
		own := slices.ContainsFunc(extra, func(f Field) bool { return f.Key == c.key })
		if l.used(i) || own || string(c.value) != `""` {
			out = append(out, c)
		}
	}
	return out, err
}
