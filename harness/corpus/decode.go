package corpus

// From the fields of a row to an example.

import (
	"bytes"
	"fmt"
)

// decode makes the example of a row. ID and Source are set by the reader.
func decode(s Shape, cells []cell, l layout) (Example, error) {
	var e Example
	system, err := optional(cells, l.system)
	if err != nil {
		return e, err
	}
	if system != "" {
		e.Turns = append(e.Turns, Turn{Role: "system", Text: system})
	}
	if l.list >= 0 {
		messages, err := decodeList(s, cells[l.list].value)
		if err != nil {
			return e, err
		}
		for _, m := range messages {
			e.Turns = append(e.Turns, m.turn)
		}
	} else {
		instruction, err := stringOf(cells[l.instruction].key, cells[l.instruction].value)
		if err != nil {
			return e, err
		}
		input, err := optional(cells, l.input)
		if err != nil {
			return e, err
		}
		output, err := stringOf(cells[l.output].key, cells[l.output].value)
		if err != nil {
			return e, err
		}
		e.Turns = append(e.Turns, Turn{Role: "user", Text: UserText(instruction, input)},
			Turn{Role: "assistant", Text: output, Train: true})
		e.setParts(instruction, input)
	}
	for i, c := range cells {
		if l.used(i) {
			continue
		}
		e.Extra = append(e.Extra, Field{c.key, bytes.Clone(c.value)})
		if kindOf(c.value) != "a string" {
			continue
		}
		switch c.key {
		case "answer":
			err = e.label("answer", c)
		case "category":
			err = e.label("task", c)
		}
		if err != nil {
			return e, err
		}
	}
	return e, nil
}

func (e *Example) label(key string, c cell) error {
	text, err := stringOf(c.key, c.value)
	e.Labels = append(e.Labels, Label{key, text})
	return err
}

// message is one element of a list of turns: the turn, and its cells.
type message struct {
	turn       Turn
	text       int // the cell with the text
	cells      []cell
	start, end int // where the element stands in the list's bytes
}

var roles = map[Shape]map[string]string{
	Chat:     {"system": "system", "user": "user", "assistant": "assistant"},
	ShareGPT: {"system": "system", "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant", "model": "assistant"},
}

var toolRoles = map[string]bool{"tool": true, "function": true, "ipython": true, "function_call": true,
	"function_response": true, "observation": true, "tool_call": true, "tool_response": true}

func decodeList(s Shape, raw []byte) ([]message, error) {
	if kindOf(raw) != "a list" {
		return nil, fmt.Errorf("%q: found %s, wanted a list of turns", list[s].field, kindOf(raw))
	}
	els, err := elements(raw)
	if err != nil {
		return nil, err
	}
	var out []message
	answers := false
	for i, el := range els {
		m, err := decodeMessage(s, raw[el.v0:el.v1])
		if err != nil {
			return nil, fmt.Errorf("turn %d: %w", i+1, err)
		}
		m.start, m.end = el.v0, el.v1
		answers = answers || m.turn.Role == "assistant"
		out = append(out, m)
	}
	if !answers {
		return nil, fmt.Errorf("found %d turns and none of the assistant, wanted at least one", len(out))
	}
	return out, nil
}

func decodeMessage(s Shape, raw []byte) (message, error) {
	m, names := message{}, list[s]
	ms, err := members(raw)
	if err != nil {
		return m, err
	}
	for _, x := range ms {
		m.cells = append(m.cells, cell{x.key, raw[x.v0:x.v1], x.v0, x.v1})
	}
	if err := callsTools(m.cells); err != nil {
		return m, err
	}
	role := find(m.cells, names.role)
	if m.text = find(m.cells, names.text); role < 0 || m.text < 0 {
		return m, fmt.Errorf("found the fields %s, wanted %q and %q", keys(m.cells), names.role, names.text)
	}
	who, err := stringOf(names.role, m.cells[role].value)
	if err != nil {
		return m, err
	}
	if toolRoles[who] {
		return m, ErrToolCalls
	}
	if m.turn.Role = roles[s][who]; m.turn.Role == "" {
		return m, fmt.Errorf("found the role %q, wanted system, user or assistant", who)
	}
	if m.turn.Text, err = stringOf(names.text, m.cells[m.text].value); err != nil {
		return m, err
	}
	m.turn.Train = m.turn.Role == "assistant"
	if i := find(m.cells, "weight"); i >= 0 && m.turn.Train && kindOf(m.cells[i].value) != "null" {
		// OpenAI's fine-tuning files: an assistant turn of weight 0 carries no loss.
		switch w := string(m.cells[i].value); w {
		case "0":
			m.turn.Train = false
		case "1":
		default:
			return m, fmt.Errorf(`"weight": found %s, wanted 0 or 1`, w)
		}
	}
	return m, nil
}
