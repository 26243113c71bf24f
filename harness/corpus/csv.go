package corpus

// Comma-separated records (RFC 4180) at the level of bytes: where a record ends,
// what its cells say, how a cell is written. Strict: a quote inside a bare cell
// is an error, because readers disagree about it. encoding/csv does not tell
// where a cell's bytes stand and rewrites line ends inside quotes, hence this.

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// csvState follows quotes from byte to byte.
type csvState int

const (
	cellStart csvState = iota
	inBare
	inQuotes
	quoteSeen // inside quotes, after a quote: an end or the first of two
)

func (s csvState) after(c byte) csvState {
	switch {
	case s == inQuotes && c == '"':
		return quoteSeen
	case s == inQuotes:
		return inQuotes
	case c == '"' && s == cellStart, c == '"' && s == quoteSeen:
		return inQuotes
	case c == ',':
		return cellStart
	}
	return inBare
}

// splitRecord takes one record, without its line end, apart.
func splitRecord(raw []byte) (texts []string, spans []cell, err error) {
	if err := checkUTF8(raw); err != nil {
		return nil, nil, err
	}
	if i := bytes.IndexByte(raw, 0); i >= 0 {
		return nil, nil, fmt.Errorf("found a NUL byte at byte %d, wanted text", i)
	}
	for i := 0; ; i++ {
		start := i
		var text string
		if i < len(raw) && raw[i] == '"' {
			if text, i, err = quotedCell(raw, i); err != nil {
				return nil, nil, err
			}
		} else {
			n := bytes.IndexByte(raw[i:], ',')
			if n < 0 {
				n = len(raw) - i
			}
			if text = string(raw[i : i+n]); strings.Contains(text, `"`) {
				return nil, nil, fmt.Errorf("found a quote inside the bare cell %d, wanted the whole cell in quotes and quotes doubled", len(texts)+1)
			}
			i += n
		}
		texts, spans = append(texts, text), append(spans, cell{v0: start, v1: i})
		if i == len(raw) {
			return texts, spans, nil
		}
	}
}

// quotedCell reads the cell whose opening quote is at i and returns the index after it.
func quotedCell(raw []byte, i int) (string, int, error) {
	var text []byte
	for i++; ; {
		n := bytes.IndexByte(raw[i:], '"')
		if n < 0 {
			return "", 0, fmt.Errorf("found no end of the quoted cell that starts at byte %d, wanted a closing quote", i-1)
		}
		text = append(text, raw[i:i+n]...)
		i += n + 1
		switch {
		case i == len(raw) || raw[i] == ',':
			return string(text), i, nil
		case raw[i] == '"':
			text = append(text, '"')
			i++
		default:
			return "", 0, fmt.Errorf("found %q after a closing quote, wanted a comma or the end of the row", raw[i])
		}
	}
}

// csvCell writes text as a cell, in quotes if it needs them or quoted is set.
func csvCell(text string, quoted bool) []byte {
	if !quoted && !strings.ContainsAny(text, ",\"\r\n") {
		return []byte(text)
	}
	return []byte(`"` + strings.ReplaceAll(text, `"`, `""`) + `"`)
}

// csvRows is a CSV file with a header row; every cell is a JSON string to the
// layers above.
type csvRows struct {
	in      *input
	columns []string
	before  []byte
	buf     []byte
	pending []byte
	started bool
}

func (c *csvRows) tail() []byte { return c.before }

func (c *csvRows) next() (rawRow, error) {
	c.before = append(c.before[:0], c.pending...)
	c.pending = c.pending[:0]
	if !c.started {
		if err := c.header(); err != nil {
			return rawRow{}, err
		}
	}
	for {
		line := c.in.line
		text, eol, long, err := c.record()
		if err != nil {
			return rawRow{}, err
		}
		if len(text) == 0 && !long { // a blank line
			if c.before = append(c.before, eol...); len(c.before) > c.in.max {
				return rawRow{}, c.in.errorf(line, "found more than %d bytes of blank lines, wanted a row", c.in.max)
			}
			continue
		}
		c.pending = append(c.pending, eol...)
		if eol == "" {
			eol = "\n"
		}
		if long {
			text = nil
		}
		return rawRow{before: c.before, raw: text, line: line, eol: eol, long: long}, nil
	}
}

func (c *csvRows) header() error {
	mark, err := c.in.bom()
	if err != nil {
		return err
	}
	c.started, c.before = true, append(c.before, mark...)
	text, eol, long, err := c.record()
	if err != nil {
		return err
	}
	if long {
		return c.in.errorf(1, "found a header longer than %d bytes, wanted the names of the columns", c.in.max)
	}
	if c.columns, _, err = splitRecord(text); err != nil {
		return c.in.errorf(1, "header: %w", err)
	}
	seen := map[string]bool{}
	for _, name := range c.columns {
		if seen[name] {
			return c.in.errorf(1, "found the column %q twice, wanted it once", name)
		}
		seen[name] = true
	}
	c.before = append(append(c.before, text...), eol...)
	return nil
}

// record reads one record and its line end.
func (c *csvRows) record() (text []byte, eol string, long bool, err error) {
	line, state := c.in.line, cellStart
	c.buf = c.buf[:0]
	for read := false; ; read = true {
		b, err := c.in.ReadByte()
		switch {
		case err == io.EOF && !read:
			return nil, "", false, io.EOF
		case err == io.EOF && state == inQuotes:
			return nil, "", false, c.in.errorf(line, "found the end of the file inside a quoted cell of the row that starts here, wanted a closing quote")
		case err == io.EOF:
			return c.buf, "", long, nil
		case err != nil:
			return nil, "", false, c.in.readErr(err)
		case b == '\n' && state != inQuotes:
			if n := len(c.buf); n > 0 && c.buf[n-1] == '\r' {
				return c.buf[:n-1], "\r\n", long, nil
			}
			return c.buf, "\n", long, nil
		}
		state = state.after(b)
		if len(c.buf) > c.in.max {
			c.buf, long = c.buf[:0], true
		}
		c.buf = append(c.buf, b)
	}
}

func (c *csvRows) cells(r rawRow) ([]cell, error) {
	texts, spans, err := splitRecord(r.raw)
	if err != nil {
		return nil, err
	}
	if len(texts) != len(c.columns) {
		return nil, fmt.Errorf("found %d cells, wanted %d as in the header", len(texts), len(c.columns))
	}
	for i, t := range texts {
		spans[i].key, spans[i].value = c.columns[i], quote(t, false)
	}
	return spans, nil
}

func (c *csvRows) splice(r rawRow, cells []cell, values [][]byte) ([]byte, error) {
	written := make([][]byte, len(values))
	for i, v := range values {
		if v == nil {
			continue
		}
		text, err := stringOf(c.columns[i], v)
		if err != nil {
			return nil, err
		}
		old := r.raw[cells[i].v0:cells[i].v1]
		// A lone empty cell would be a blank line.
		written[i] = csvCell(text, len(old) > 0 && old[0] == '"' || len(cells) == 1 && text == "")
	}
	return spliceSpans(r.raw, cells, written), nil
}

func (c *csvRows) compose(r rawRow, cells []cell, fields []Field) ([]byte, error) {
	return csvRecord(c.columns, fields)
}

func (c *csvRows) separator(r rawRow) []byte { return []byte(r.eol) }

// csvRecord writes fields in the order of columns; a column without a field is empty.
func csvRecord(columns []string, fields []Field) ([]byte, error) {
	values := map[string]string{}
	for _, f := range fields {
		text, err := stringOf(f.Key, f.Raw)
		if err != nil {
			return nil, err
		}
		if strings.ContainsRune(text, 0) {
			return nil, fmt.Errorf("%q: found a NUL character, wanted text that csv can hold", f.Key)
		}
		values[f.Key] = text
	}
	var out []byte
	for i, name := range columns {
		if i > 0 {
			out = append(out, ',')
		}
		text, ok := values[name]
		out = append(out, csvCell(text, len(columns) == 1 && text == "")...)
		if ok {
			delete(values, name)
		}
	}
	for _, f := range fields {
		if _, left := values[f.Key]; left {
			return nil, fmt.Errorf("found the field %q, wanted one of the file's columns %s", f.Key, strings.Join(columns, ", "))
		}
	}
	return out, nil
}
