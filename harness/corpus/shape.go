package corpus

// Shapes of rows: which fields hold which turn. A shape is detected on the first
// row and holds for the file; whether a later row fits is that row's error, so a
// file that changes its mind is never read two ways.

import (
	"fmt"
	"strconv"
	"strings"
)

// Shape names a layout of fields.
type Shape string

// The shapes that theriac reads. In all of them a field "system" that is not
// empty becomes a first turn, and fields not named here go to Extra.
const (
	Alpaca     Shape = "alpaca"     // instruction, input (may be absent), output; Dolly's renamed form too
	Dolly      Shape = "dolly"      // instruction, context (may be absent), response
	Chat       Shape = "chat"       // messages: a list of {role, content}, or the row is that list
	ShareGPT   Shape = "sharegpt"   // conversations: a list of {from, value}
	Completion Shape = "completion" // prompt, completion
)

// Shapes lists every shape, in the order of detection.
func Shapes() []Shape { return []Shape{Chat, ShareGPT, Alpaca, Dolly, Completion} }

// ParseShape returns the shape of that name; "" means: detect.
func ParseShape(name string) (Shape, error) {
	if name == "" {
		return "", nil
	}
	for _, s := range Shapes() {
		if name == string(s) {
			return s, nil
		}
	}
	return "", fmt.Errorf("found the shape %q, wanted one of %v", name, Shapes())
}

// flat lists for each shape without a list its three fields; input "" has none.
var flat = map[Shape][]struct{ instruction, input, output string }{
	Alpaca:     {{"instruction", "input", "output"}},
	Dolly:      {{"instruction", "context", "response"}, {"instruction", "input", "output"}},
	Completion: {{"prompt", "", "completion"}},
}

// list names the field that holds the turns, and the keys of one.
var list = map[Shape]struct{ field, role, text string }{
	Chat:     {"messages", "role", "content"},
	ShareGPT: {"conversations", "from", "value"},
}

// layout says at which cells of a row its turns stand; -1 where there is none.
type layout struct{ system, instruction, input, output, list int }

func find(cells []cell, key string) int {
	if key == "" {
		return -1
	}
	for i, c := range cells {
		if c.key == key {
			return i
		}
	}
	return -1
}

// detectShape returns the first shape that fits the fields.
func detectShape(cells []cell) (Shape, error) {
	for _, s := range Shapes() {
		if _, err := s.layout(cells); err == nil {
			return s, nil
		}
	}
	return "", fmt.Errorf("found the fields %s, wanted those of a known shape: messages; conversations; instruction, output; instruction, response; prompt, completion", keys(cells))
}

func keys(cells []cell) string {
	names := make([]string, 0, len(cells))
	for i, c := range cells {
		if i == 12 {
			names = append(names, fmt.Sprintf("and %d more", len(cells)-i))
			break
		}
		key := c.key
		if len(key) > 40 {
			key = key[:40] + "..."
		}
		names = append(names, strconv.QuoteToGraphic(key))
	}
	if len(names) == 0 {
		return "(none)"
	}
	return strings.Join(names, ", ")
}

// layout finds the shape's fields among the cells of a row.
func (s Shape) layout(cells []cell) (layout, error) {
	l := layout{find(cells, "system"), -1, -1, -1, -1}
	if in, ok := list[s]; ok {
		if l.list = find(cells, in.field); l.list < 0 && s == Chat && isList(cells) {
			l.list = 0
		}
		if l.list < 0 {
			return l, fmt.Errorf("found the fields %s, wanted %q (shape %s)", keys(cells), in.field, s)
		}
		return l, nil
	}
	for _, names := range flat[s] {
		l.instruction, l.input, l.output = find(cells, names.instruction), find(cells, names.input), find(cells, names.output)
		if l.instruction >= 0 && l.output >= 0 {
			return l, nil
		}
	}
	if len(flat[s]) == 0 {
		return l, fmt.Errorf("found the shape %q, wanted one of %v", s, Shapes())
	}
	return l, fmt.Errorf("found the fields %s, wanted %q and %q (shape %s)", keys(cells), flat[s][0].instruction, flat[s][0].output, s)
}

// isList says whether the row itself is a list.
func isList(cells []cell) bool {
	return len(cells) == 1 && cells[0].key == "" && cells[0].v0 == 0 && kindOf(cells[0].value) == "a list"
}

// used says whether cell i holds a turn.
func (l layout) used(i int) bool {
	return i == l.system || i == l.instruction || i == l.input || i == l.output || i == l.list
}

// prefers says whether a row is a preference pair, of whatever shape.
func prefers(cells []cell) bool { return find(cells, "chosen") >= 0 && find(cells, "rejected") >= 0 }

// refused says why a row is none that theriac trains on.
func refused(s Shape, cells []cell) error {
	label := find(cells, "label")
	switch {
	case prefers(cells):
		return ErrPreference
	case s == Completion && label >= 0 && kindOf(cells[label].value) == "a boolean":
		return ErrPreference // KTO: completions marked good or bad
	}
	if _, ok := list[s]; ok {
		return callsTools(cells)
	}
	if i := find(cells, "history"); i >= 0 && !blank(cells[i].value) {
		return fmt.Errorf(`found a field "history" that is not empty, wanted earlier turns as "messages"`)
	}
	return nil
}

func callsTools(cells []cell) error {
	for _, key := range []string{"tools", "functions", "tool_calls", "function_call"} {
		if i := find(cells, key); i >= 0 && !blank(cells[i].value) {
			return ErrToolCalls
		}
	}
	return nil
}

// blank says whether a value holds nothing: null, "", [] or {}.
func blank(raw []byte) bool {
	switch kindOf(raw) {
	case "null":
		return true
	case "a string", "a list", "an object":
		return strings.Trim(string(raw[1:len(raw)-1]), " \t\r\n") == ""
	}
	return false
}

// stringOf returns the text of a value that must be a string.
func stringOf(key string, raw []byte) (string, error) {
	if kindOf(raw) != "a string" {
		return "", fmt.Errorf("%q: found %s, wanted a string", key, kindOf(raw))
	}
	text, err := unquote(raw)
	if err != nil {
		return "", fmt.Errorf("%q: %w", key, err)
	}
	return text, nil
}

// optional is stringOf where null and absence mean "".
func optional(cells []cell, i int) (string, error) {
	if i < 0 || kindOf(cells[i].value) == "null" {
		return "", nil
	}
	return stringOf(cells[i].key, cells[i].value)
}
