package corpus

// A row that is a JSON value: taken apart, and put together in the manner of
// its neighbour. Shared by the JSON array and JSON Lines.

import (
	"bytes"
	"fmt"
)

type jsonRow struct{}

// cells of an object are its members; a row that is a list (of messages) is one
// cell without a key.
func (jsonRow) cells(r rawRow) ([]cell, error) {
	if err := checkJSON(r.raw); err != nil {
		return nil, err
	}
	switch kindOf(r.raw) {
	case "an object":
	case "a list":
		return []cell{{value: r.raw, v0: 0, v1: len(r.raw)}}, nil
	default:
		return nil, fmt.Errorf("found %s, wanted an object", kindOf(r.raw))
	}
	ms, err := members(r.raw)
	if err != nil {
		return nil, err
	}
	out := make([]cell, len(ms))
	for i, m := range ms {
		out[i] = cell{m.key, r.raw[m.v0:m.v1], m.v0, m.v1}
	}
	return out, nil
}

func (jsonRow) splice(r rawRow, cells []cell, values [][]byte) ([]byte, error) {
	return spliceSpans(r.raw, cells, values), nil
}

// spliceSpans replaces the bytes of each cell that has a value.
func spliceSpans(raw []byte, cells []cell, values [][]byte) []byte {
	var out []byte
	at := 0
	for i, c := range cells {
		if values[i] != nil {
			out = append(append(out, raw[at:c.v0]...), values[i]...)
			at = c.v1
		}
	}
	return append(out, raw[at:]...)
}

// compose writes an object with the white space that r has around its members.
func (jsonRow) compose(r rawRow, cells []cell, fields []Field) ([]byte, error) {
	if len(fields) == 1 && fields[0].Key == "" && len(cells) == 1 && cells[0].key == "" {
		return fields[0].Raw, nil // a list for a list
	}
	open, colon, comma, end := []byte(nil), []byte(": "), []byte(", "), []byte(nil)
	if len(cells) > 0 && cells[0].key != "" || len(cells) > 1 {
		ms, err := members(r.raw)
		if err != nil {
			return nil, err
		}
		open = r.raw[bytes.IndexByte(r.raw, '{')+1 : ms[0].k0]
		colon = r.raw[ms[0].k1:ms[0].v0]
		end = r.raw[ms[len(ms)-1].v1 : len(r.raw)-1]
		if len(ms) > 1 {
			comma = r.raw[ms[0].v1:ms[1].k0]
		} else if len(open) > 0 {
			comma = append([]byte{','}, open...)
		}
	}
	out := append([]byte{'{'}, open...)
	for i, f := range fields {
		if i > 0 {
			out = append(out, comma...)
		}
		out = append(append(out, quote(f.Key, asciiOnly(r.raw))...), colon...)
		out = append(out, f.Raw...)
	}
	return append(append(out, end...), '}'), nil
}

// asciiOnly says whether the row escapes what is not ASCII, as Python does by default.
func asciiOnly(raw []byte) bool {
	if !bytes.Contains(raw, []byte(`\u`)) {
		return false
	}
	for _, c := range raw {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
