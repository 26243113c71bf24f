package corpus

// Parquet tables as rows: each value becomes the JSON it would be in a .jsonl
// file. Reading Parquet itself is not done here: only harness/store imports arrow.

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Table yields the rows of a table, and io.EOF after the last: the names of its
// columns and for each nil, a bool, an integer, a float, a string, []byte, []any
// or map[string]any. Names and values may be reused by the next call.
type Table interface {
	Next() (names []string, values []any, err error)
	Close() error
}

// OpenParquet opens a Parquet file. Whoever links harness/store sets it, once and
// before anything is read; nil means that this program reads no Parquet.
var OpenParquet func(path string) (Table, error)

func openParquet(path, zip string, r *Reader) (source, error) {
	if zip != "" {
		return nil, fmt.Errorf("%s: found compressed parquet, wanted .parquet, which compresses itself: unpack the file first", path)
	}
	if OpenParquet == nil {
		return nil, fmt.Errorf("%s: this program reads no parquet: convert the file to jsonl", path)
	}
	table, err := OpenParquet(path)
	if err != nil {
		return nil, err
	}
	r.closers = append(r.closers, table)
	return &parquetRows{table: table, name: path}, nil
}

// parquetRows is a table as a source. Its rows have no bytes of their own.
type parquetRows struct {
	table Table
	name  string
	row   []cell
	err   error // why the current row has no cells
	n     int
}

func (p *parquetRows) next() (rawRow, error) {
	names, values, err := p.table.Next()
	if err == io.EOF {
		return rawRow{}, io.EOF
	}
	p.n++
	if err != nil {
		return rawRow{}, fmt.Errorf("%s:%d: %w", p.name, p.n, err)
	}
	p.row, p.err = p.row[:0], nil
	for i, v := range values {
		raw, err := appendJSON(nil, v)
		if err != nil && p.err == nil {
			p.err = fmt.Errorf("%q: %w", names[i], err)
		}
		p.row = append(p.row, cell{key: names[i], value: raw, v0: 1})
	}
	return rawRow{line: p.n}, nil
}

func (p *parquetRows) cells(rawRow) ([]cell, error) { return p.row, p.err }

func (p *parquetRows) tail() []byte { return nil }

func (p *parquetRows) splice(rawRow, []cell, [][]byte) ([]byte, error) {
	return nil, fmt.Errorf("parquet rows cannot be rewritten")
}

func (p *parquetRows) compose(rawRow, []cell, []Field) ([]byte, error) {
	return nil, fmt.Errorf("parquet rows cannot be rewritten")
}

func (p *parquetRows) separator(rawRow) []byte { return nil }

// appendJSON writes a table's value as JSON; members of a map in order of name.
func appendJSON(out []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(out, "null"...), nil
	case bool:
		return strconv.AppendBool(out, v), nil
	case string:
		if !utf8.ValidString(v) {
			return nil, checkUTF8([]byte(v))
		}
		return append(out, quote(v, false)...), nil
	case []byte:
		return appendJSON(out, string(v))
	case float32:
		return appendFloat(out, float64(v), 32)
	case float64:
		return appendFloat(out, v, 64)
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return fmt.Append(out, v), nil
	case []any:
		out = append(out, '[')
		for i, x := range v {
			if i > 0 {
				out = append(out, ", "...)
			}
			var err error
			if out, err = appendJSON(out, x); err != nil {
				return nil, err
			}
		}
		return append(out, ']'), nil
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		out = append(out, '{')
		for i, name := range names {
			if i > 0 {
				out = append(out, ", "...)
			}
			out = append(append(out, quote(name, false)...), ": "...)
			var err error
			if out, err = appendJSON(out, v[name]); err != nil {
				return nil, err
			}
		}
		return append(out, '}'), nil
	}
	return nil, fmt.Errorf("found a value of type %T, wanted text, numbers, lists or structs", v)
}

func appendFloat(out []byte, v float64, bits int) ([]byte, error) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil, fmt.Errorf("found the number %v, which JSON cannot hold", v)
	}
	text := strconv.AppendFloat(nil, v, 'g', -1, bits)
	if !bytes.ContainsAny(text, ".e") {
		text = append(text, ".0"...)
	}
	return append(out, text...), nil
}
