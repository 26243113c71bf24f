package corpus

// Writing examples to a new file. Reading the file again gives the same turns,
// extra fields and order; what the format or shape cannot hold is an error.

import (
	"fmt"
	"io"
	"slices"
)

// Writer writes rows to a file, which appears when Close succeeds.
type Writer struct {
	out     *output
	w       io.Writer // out; tests write to memory
	path    string
	format  Format
	shape   Shape
	cells   []cell
	lay     layout
	rows    int
	columns []string // of a CSV file
	err     error
}

// Create starts a file. Its format and compression come from its name: .json
// (a list, one row a line), .jsonl, or .csv, also with .gz or .zst.
func Create(path string, shape Shape) (*Writer, error) {
	format, zip := formatOf(path)
	if format != JSON && format != JSONL && format != CSV {
		return nil, fmt.Errorf("%s: found an ending that theriac does not write, wanted .json, .jsonl or .csv, also with .gz or .zst", path)
	}
	w, err := newWriter(path, format, shape)
	if err != nil {
		return nil, err
	}
	if w.out, err = create(path, zip); err != nil {
		return nil, err
	}
	w.w = w.out
	return w, nil
}

func newWriter(path string, format Format, shape Shape) (w *Writer, err error) {
	if _, ok := list[shape]; ok && format == CSV {
		return nil, fmt.Errorf("%s: csv cannot hold the lists of shape %s, wanted .jsonl or .json", path, shape)
	}
	w = &Writer{path: path, format: format, shape: shape}
	w.cells, w.lay, err = skeleton(shape)
	return w, err
}

// Write adds a row. After an error the file will not appear.
func (w *Writer) Write(e Example) error {
	if w.err != nil {
		return w.err
	}
	row, err := w.row(&e)
	if err == nil {
		_, err = w.w.Write(row)
	}
	if err != nil {
		w.err = fmt.Errorf("%s: row %d: %w", w.path, w.rows, err)
	}
	w.rows++
	return w.err
}

func (w *Writer) row(e *Example) ([]byte, error) {
	fields, err := encode(w.shape, e, w.cells, w.lay, false)
	if err != nil {
		return nil, err
	}
	cells := make([]cell, len(fields))
	for i, f := range fields {
		cells[i] = cell{key: f.Key, value: f.Raw, v0: 1}
	}
	found, err := detectShape(cells)
	if err != nil {
		return nil, err
	}
	if found != w.shape {
		return nil, fmt.Errorf("found an extra field that makes the row look like shape %s, wanted %s", found, w.shape)
	}
	if err := readsBack(w.shape, e, cells); err != nil {
		return nil, err
	}
	if w.format == CSV {
		return w.record(fields)
	}
	row, err := jsonRow{}.compose(rawRow{}, nil, fields)
	if err != nil {
		return nil, err
	}
	if w.format == JSONL {
		return append(row, '\n'), nil
	}
	sep := ",\n"
	if w.rows == 0 {
		sep = "[\n"
	}
	return append([]byte(sep), row...), nil
}

func (w *Writer) record(fields []Field) ([]byte, error) {
	var head []byte
	if w.rows == 0 {
		for i, f := range fields {
			if i > 0 {
				head = append(head, ',')
			}
			w.columns = append(w.columns, f.Key)
			head = append(head, csvCell(f.Key, false)...)
		}
		head = append(head, '\n')
	}
	same := slices.EqualFunc(w.columns, fields, func(name string, f Field) bool { return name == f.Key })
	if !same {
		return nil, fmt.Errorf("found other fields than in the first row, wanted %v", w.columns)
	}
	row, err := csvRecord(w.columns, fields)
	return append(append(head, row...), '\n'), err
}

// Close finishes the file and gives it its name. A file without rows is ErrEmpty.
func (w *Writer) Close() error {
	defer w.out.abort()
	if err := w.end(); err != nil {
		return err
	}
	_, err := w.out.commit()
	return err
}

// end writes what stands after the last row.
func (w *Writer) end() error {
	if w.err == nil && w.rows == 0 {
		w.err = fmt.Errorf("%s: %w", w.path, ErrEmpty)
	}
	if w.err == nil && w.format == JSON {
		_, w.err = io.WriteString(w.w, "\n]\n")
	}
	return w.err
}

// Abort gives the file up; after Close it does nothing.
func (w *Writer) Abort() { w.out.abort() }

// Save writes all examples to a new file.
func Save(path string, shape Shape, examples []Example) error {
	w, err := Create(path, shape)
	if err != nil {
		return err
	}
	defer w.Abort()
	for _, e := range examples {
		if err := w.Write(e); err != nil {
			return err
		}
	}
	return w.Close()
}
