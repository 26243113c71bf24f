package corpus

// From an example back to the fields of a row. What the shape cannot hold is an
// error, never dropped: reading the fields again gives the same turns.

import (
	"bytes"
	"fmt"
	"slices"
	"unicode/utf8"
)

// encode returns the row's fields with the example's turns and Extra in them: in
// the order of cells, new ones last. A value whose text did not change keeps its
// bytes. ascii says how to write new strings.
func encode(s Shape, e *Example, cells []cell, l layout, ascii bool) ([]Field, error) {
	for i, t := range e.Turns {
		switch {
		case t.Role != "system" && t.Role != "user" && t.Role != "assistant":
			return nil, fmt.Errorf("turn %d: found the role %q, wanted system, user or assistant", i+1, t.Role)
		case !utf8.ValidString(t.Text):
			return nil, fmt.Errorf("turn %d: found text that is not UTF-8", i+1)
		case t.Train && t.Role != "assistant":
			return nil, fmt.Errorf("turn %d: found a %s turn that trains, wanted only assistant turns to", i+1, t.Role)
		}
	}
	values := map[int][]byte{}
	turns, system := e.Turns, ""
	if l.system >= 0 || l.list < 0 {
		// The field "system" holds the first turn, if the row has the field or no list.
		had, _ := optional(cells, l.system)
		if len(turns) > 0 && turns[0].Role == "system" && turns[0].Text != "" && (had != "" || l.list < 0) {
			system, turns = turns[0].Text, turns[1:]
		}
		if l.system >= 0 {
			values[l.system] = value(cells[l.system].value, system, ascii)
		}
	}
	if l.list >= 0 {
		raw, err := encodeList(s, cells[l.list].value, turns, ascii)
		if err != nil {
			return nil, err
		}
		values[l.list] = raw
	} else if err := encodeFlat(s, e, turns, cells, l, values, ascii); err != nil {
		return nil, err
	}
	if isList(cells) {
		if len(e.Extra) > 0 {
			return nil, fmt.Errorf("found the field %q, wanted none: the row is a bare list of turns", e.Extra[0].Key)
		}
		return []Field{{Raw: values[0]}}, nil
	}
	var out []Field
	if system != "" && l.system < 0 {
		out = append(out, Field{"system", quote(system, ascii)})
	}
	return withExtra(out, e.Extra, cells, l, values)
}

// withExtra appends the cells' fields, then the extra fields that the row did not have.
func withExtra(out, extra []Field, cells []cell, l layout, values map[int][]byte) ([]Field, error) {
	left := map[string][]byte{}
	for _, f := range extra {
		if err := checkJSON(f.Raw); err != nil {
			return nil, fmt.Errorf("extra field %q: %w", f.Key, err)
		}
		left[f.Key] = f.Raw
	}
	for i, c := range cells {
		if l.used(i) {
			out = append(out, Field{c.key, values[i]})
		} else if raw, ok := left[c.key]; ok {
			out = append(out, Field{c.key, raw})
			delete(left, c.key)
		}
	}
	for _, f := range extra {
		if raw, ok := left[f.Key]; ok {
			out = append(out, Field{f.Key, raw})
		}
	}
	return out, nil
}

func encodeFlat(s Shape, e *Example, turns []Turn, cells []cell, l layout, values map[int][]byte, ascii bool) error {
	if len(turns) != 2 || turns[0].Role != "user" || turns[1].Role != "assistant" || !turns[1].Train {
		return fmt.Errorf("found %d turns, wanted a user turn and an assistant turn that trains (shape %s): write the rows as chat", len(e.Turns), s)
	}
	instruction, input := e.parts()
	if l.input < 0 {
		instruction, input = e.Prompt(), ""
	} else {
		values[l.input] = value(cells[l.input].value, input, ascii)
	}
	values[l.instruction] = value(cells[l.instruction].value, instruction, ascii)
	values[l.output] = value(cells[l.output].value, turns[1].Text, ascii)
	return nil
}

// value returns text as a JSON string, in its old bytes if it is the old text.
func value(old []byte, text string, ascii bool) []byte {
	if old != nil {
		if kindOf(old) == "null" && text == "" {
			return old
		}
		if was, err := stringOf("", old); err == nil && was == text {
			return old
		}
	}
	return quote(text, ascii)
}

// encodeList replaces the texts in the old list if the turns still line up with
// it, and writes a new list otherwise.
func encodeList(s Shape, old []byte, turns []Turn, ascii bool) ([]byte, error) {
	if lastRole(turns, "assistant") < 0 {
		return nil, fmt.Errorf("found %d turns and none of the assistant, wanted at least one", len(turns))
	}
	was, err := decodeList(s, old)
	same := err == nil && len(was) == len(turns)
	for i := 0; same && i < len(was); i++ {
		same = was[i].turn.Role == turns[i].Role && was[i].turn.Train == turns[i].Train
	}
	if !same {
		return newList(s, turns, ascii), nil
	}
	var out []byte
	at := 0
	for i, m := range was {
		c := m.cells[m.text]
		out = append(out, old[at:m.start+c.v0]...)
		out = append(out, value(c.value, turns[i].Text, ascii)...)
		at = m.start + c.v1
	}
	return append(out, old[at:]...), nil
}

func newList(s Shape, turns []Turn, ascii bool) []byte {
	names := list[s]
	written := map[string]string{"system": "system", "user": "user", "assistant": "assistant"}
	if s == ShareGPT {
		written["user"], written["assistant"] = "human", "gpt"
	}
	var out bytes.Buffer
	out.WriteByte('[')
	for i, t := range turns {
		if i > 0 {
			out.WriteString(", ")
		}
		fmt.Fprintf(&out, `{%q: %q, %q: %s`, names.role, written[t.Role], names.text, quote(t.Text, ascii))
		if t.Role == "assistant" && !t.Train {
			out.WriteString(`, "weight": 0`)
		}
		out.WriteByte('}')
	}
	out.WriteByte(']')
	return out.Bytes()
}

// skeleton is the row of a shape before anything is in it, for files written anew.
func skeleton(s Shape) ([]cell, layout, error) {
	var cells []cell
	if in, ok := list[s]; ok {
		cells = []cell{{key: in.field, value: []byte("null"), v0: 1}}
	} else if names, ok := flat[s]; ok {
		for _, name := range []string{names[0].instruction, names[0].input, names[0].output} {
			if name != "" {
				cells = append(cells, cell{key: name, v0: 1})
			}
		}
	}
	l, err := s.layout(cells)
	return cells, l, err
}

// readsBack checks that these cells, just written, mean the example: that no
// extra field changes the shape or takes a turn's place.
func readsBack(s Shape, e *Example, cells []cell) error {
	l, err := s.layout(cells)
	if err == nil {
		err = refused(s, cells)
	}
	if err != nil {
		return err
	}
	got, err := decode(s, cells, l)
	if err != nil {
		return err
	}
	if !slices.Equal(got.Turns, e.Turns) || len(got.Extra) != len(e.Extra) {
		return fmt.Errorf("found an extra field with the name of another field, wanted other names: the row would read back as another")
	}
	return nil
}
