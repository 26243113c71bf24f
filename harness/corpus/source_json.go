package corpus

// A JSON array as a stream of rows, in memory of one row. Rows are cut out by
// matching brackets outside strings, so a row that is malformed inside can be
// skipped; what stands between rows must be well-formed, because beyond a fault
// there nobody can say where the next row starts.

import (
	"bytes"
	"io"
)

type arrayRows struct {
	jsonRow
	in            *input
	before, raw   []byte
	started, rows bool
}

func (a *arrayRows) tail() []byte { return a.before }

func (a *arrayRows) next() (rawRow, error) {
	a.before = a.before[:0]
	if !a.started {
		mark, err := a.in.bom()
		if err != nil {
			return rawRow{}, err
		}
		a.before, a.started = append(a.before, mark...), true
		c, err := a.skip()
		if err == io.EOF {
			return rawRow{}, io.EOF // an empty file has no rows
		}
		if err != nil || c != '[' {
			return rawRow{}, a.wanted(c, err, "a list of rows")
		}
	}
	c, err := a.skip()
	switch {
	case err == nil && c == ']':
		return rawRow{}, a.finish()
	case err == nil && !a.rows && c != ',':
	case err == nil && a.rows && c == ',':
		if c, err = a.skip(); err == nil && c != ']' && c != ',' {
			break
		}
		return rawRow{}, a.wanted(c, err, "a row")
	default:
		return rawRow{}, a.wanted(c, err, "a comma or the end of the list")
	}
	a.before, a.rows = a.before[:len(a.before)-1], true
	return a.value(c)
}

// skip appends to before until it has appended a byte that is no space, and returns that.
func (a *arrayRows) skip() (byte, error) {
	for {
		c, err := a.in.ReadByte()
		if err != nil {
			return 0, err
		}
		if a.before = append(a.before, c); !isSpace(c) {
			return c, nil
		}
		if len(a.before) > a.in.max {
			return 0, a.in.errorf(a.in.line, "found more than %d bytes of white space, wanted a row", a.in.max)
		}
	}
}

func (a *arrayRows) wanted(c byte, err error, what string) error {
	if err == io.EOF {
		return a.in.errorf(a.in.line, "found the end of the file, wanted %s", what)
	}
	if err != nil {
		return a.in.readErr(err)
	}
	return a.in.errorf(a.in.line, "found %q, wanted %s", c, what)
}

// finish reads what stands after the list.
func (a *arrayRows) finish() error {
	c, err := a.skip()
	if err == nil {
		return a.wanted(c, nil, "nothing after the list's end")
	}
	if err != io.EOF {
		return a.in.readErr(err)
	}
	return io.EOF
}

// value reads the row whose first byte is c.
func (a *arrayRows) value(c byte) (rawRow, error) {
	row := rawRow{before: a.before, line: a.in.line}
	a.raw = append(a.raw[:0], c)
	depth, quoted := 0, false
	for {
		switch {
		case quoted && c == '\\':
			e, err := a.in.ReadByte()
			if err != nil {
				return row, a.cut(row.line, err)
			}
			a.raw = append(a.raw, e)
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if !quoted && depth <= 0 && a.ended() {
			break
		}
		if len(a.raw) > a.in.max {
			a.raw, row.long = a.raw[:0], true
		}
		var err error
		if c, err = a.in.ReadByte(); err != nil {
			return row, a.cut(row.line, err)
		}
		a.raw = append(a.raw, c)
	}
	if row.long = row.long || len(a.raw) > a.in.max; !row.long {
		row.raw = a.raw
	}
	return row, nil
}

// ended says whether a row outside brackets and strings ends here: a space,
// comma or bracket follows.
func (a *arrayRows) ended() bool {
	next, err := a.in.Peek(1)
	return err != nil || isSpace(next[0]) || bytes.IndexByte([]byte(",]}"), next[0]) >= 0
}

func (a *arrayRows) cut(line int, err error) error {
	if err != io.EOF {
		return a.in.readErr(err)
	}
	return a.in.errorf(line, "found the end of the file inside the row that starts here, wanted its end: an unclosed quote or bracket")
}

// separator is what stands before r, less what opens the list.
func (a *arrayRows) separator(r rawRow) []byte {
	if i := bytes.IndexByte(r.before, '['); i >= 0 {
		return append([]byte{','}, r.before[i+1:]...)
	}
	return bytes.Clone(r.before)
}
