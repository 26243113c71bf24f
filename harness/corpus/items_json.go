package corpus

// Items from rows that have fields, and from the objects of parallel lists that
// some evaluation sets are ({"instructions": [...], "tag": [...]}).

import (
	"bytes"
	"fmt"
	"io"
)

// rowItems takes each row's text and label; a row that is a string is the text.
func rowItems(src source, name string, l Layout) nextItem {
	return func() (Item, error) {
		raw, err := src.next()
		if err != nil {
			return Item{}, err
		}
		item, err := l.item(src, raw)
		if err != nil {
			return Item{}, fmt.Errorf("%s:%d: %w", name, raw.line, err)
		}
		item.Line = raw.line
		return item, nil
	}
}

func (l Layout) item(src source, raw rawRow) (item Item, err error) {
	if raw.long {
		return item, fmt.Errorf("found a row that is too long")
	}
	if len(raw.raw) > 0 && raw.raw[0] == '"' {
		if _, table := src.(*csvRows); !table {
			if err := checkJSON(raw.raw); err != nil {
				return item, err
			}
			item.Text, err = unquote(raw.raw)
			return item, err
		}
	}
	cells, err := src.cells(raw)
	if err != nil {
		return item, err
	}
	names := make([]string, len(cells))
	for i, c := range cells {
		names[i] = c.key
	}
	text, label, err := l.columns(names)
	if err != nil {
		return item, err
	}
	if item.Text, err = stringOf(names[text], cells[text].value); err != nil {
		return item, err
	}
	if label >= 0 {
		if kindOf(cells[label].value) == "a number" {
			item.Label = string(cells[label].value)
		} else {
			item.Label, err = stringOf(names[label], cells[label].value)
		}
	}
	return item, err
}

// objectOfLists returns the items of a file that is one object of lists; of any
// other file it returns no items and the bytes to read on with.
func objectOfLists(r io.Reader, name string, l Layout) (io.Reader, nextItem, error) {
	const most = 64 << 20
	in := newInput(r, name, most)
	head, _ := in.Peek(64)
	if trimmed := bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return in.Reader, nil, nil
	}
	data, err := io.ReadAll(io.LimitReader(in.Reader, most))
	if err != nil {
		return nil, nil, in.readErr(err)
	}
	rest := io.MultiReader(bytes.NewReader(data), in.Reader)
	object := bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if checkJSON(object) != nil {
		return rest, nil, nil
	}
	ms, err := members(object)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	names := make([]string, len(ms))
	for i, m := range ms {
		names[i] = m.key
	}
	text, label, err := l.columns(names)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	if kindOf(object[ms[text].v0:]) != "a list" {
		return rest, nil, nil
	}
	texts, err := stringList(object, ms[text])
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	labels := make([]string, len(texts))
	if label >= 0 {
		if labels, err = stringList(object, ms[label]); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(labels) != len(texts) {
			return nil, nil, fmt.Errorf("%s: found %d labels, wanted %d as there are texts", name, len(labels), len(texts))
		}
	}
	at := 0
	return nil, func() (Item, error) {
		if at == len(texts) {
			return Item{}, io.EOF
		}
		at++
		return Item{Text: texts[at-1], Label: labels[at-1], Line: at}, nil
	}, nil
}

// stringList returns the strings of the list that is a member of object.
func stringList(object []byte, m member) ([]string, error) {
	raw := object[m.v0:m.v1]
	els, err := elements(raw)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", m.key, err)
	}
	out := make([]string, len(els))
	for i, el := range els {
		if out[i], err = stringOf(m.key, raw[el.v0:el.v1]); err != nil {
			return nil, fmt.Errorf("element %d: %w", i+1, err)
		}
	}
	return out, nil
}
