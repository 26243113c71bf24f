package corpus

// Views of an example as one instruction, its input and its output, and copies
// with one of them changed. The turns are the truth: a view is computed from
// them, and is never a second place where text is kept.

import (
	"slices"
	"strings"
)

// UserText is the text of a user turn: the instruction, then, if the input is
// not empty, a newline and the input.
func UserText(instruction, input string) string {
	if input == "" {
		return instruction
	}
	return instruction + "\n" + input
}

// New returns an example of one user turn and one assistant turn, which trains.
// ID and Source are left to the caller (see [IDs]).
func New(instruction, input, output string) Example {
	e := Example{Turns: []Turn{
		{Role: "user", Text: UserText(instruction, input)},
		{Role: "assistant", Text: output, Train: true},
	}}
	e.setParts(instruction, input)
	return e
}

// setParts remembers how the last user turn divides, as pieces of its own text.
func (e *Example) setParts(instruction, input string) {
	e.instruction, e.input = "", ""
	if i := lastRole(e.Turns, "user"); i >= 0 && input != "" {
		text := e.Turns[i].Text
		e.instruction, e.input = text[:len(instruction)], text[len(instruction)+1:]
	}
}

// parts divides the last user turn's text into instruction and input such that
// UserText(instruction, input) is that text. The part that did not change since
// the row was read keeps its bytes; text that was changed throughout is all
// instruction.
func (e *Example) parts() (instruction, input string) {
	text := e.Prompt()
	if e.input == "" {
		return text, ""
	}
	if head, ok := strings.CutSuffix(text, "\n"+e.input); ok {
		return head, e.input
	}
	if tail, ok := strings.CutPrefix(text, e.instruction+"\n"); ok && tail != "" {
		return e.instruction, tail
	}
	return text, ""
}

// Instruction is the instruction of the last user turn.
func (e *Example) Instruction() string { s, _ := e.parts(); return s }

// Input is the input of the last user turn, "" if the row has none.
func (e *Example) Input() string { _, s := e.parts(); return s }

// Prompt is the whole text of the last user turn, "" if there is none.
func (e *Example) Prompt() string { return e.last("user") }

// Output is the text of the last assistant turn, "" if there is none.
func (e *Example) Output() string { return e.last("assistant") }

func (e *Example) last(role string) string {
	if i := lastRole(e.Turns, role); i >= 0 {
		return e.Turns[i].Text
	}
	return ""
}

func lastRole(turns []Turn, role string) int {
	for i := len(turns) - 1; i >= 0; i-- {
		if turns[i].Role == role {
			return i
		}
	}
	return -1
}

// Clone returns a copy that shares no memory with e that a caller could write to.
func (e *Example) Clone() Example {
	c := *e
	c.Turns = slices.Clone(e.Turns)
	c.Labels = slices.Clone(e.Labels)
	c.Extra = slices.Clone(e.Extra)
	for i := range c.Extra {
		c.Extra[i].Raw = slices.Clone(c.Extra[i].Raw)
	}
	return c
}

// WithTurns returns a copy with other turns. ID, Source, Labels and Extra stay.
func (e *Example) WithTurns(turns ...Turn) Example {
	c := e.Clone()
	c.Turns = slices.Clone(turns)
	return c
}

// WithPrompt returns a copy whose last user turn has this text (a new first
// turn if it had none).
func (e *Example) WithPrompt(text string) Example {
	c := e.Clone()
	if i := lastRole(c.Turns, "user"); i >= 0 {
		c.Turns[i].Text = text
	} else {
		c.Turns = slices.Insert(c.Turns, 0, Turn{Role: "user", Text: text})
	}
	return c
}

// WithInput returns a copy whose last user turn is made of this instruction and
// this input.
func (e *Example) WithInput(instruction, input string) Example {
	c := e.WithPrompt(UserText(instruction, input))
	c.setParts(instruction, input)
	return c
}

// WithOutput returns a copy whose last assistant turn has this text (a new last
// turn, which trains, if it had none).
func (e *Example) WithOutput(text string) Example {
	c := e.Clone()
	if i := lastRole(c.Turns, "assistant"); i >= 0 {
		c.Turns[i].Text = text
	} else {
		c.Turns = append(c.Turns, Turn{Role: "assistant", Text: text, Train: true})
	}
	return c
}

// Label returns the value of the first label with this key, and whether there is one.
func (e *Example) Label(key string) (string, bool) {
	for _, l := range e.Labels {
		if l.Key == key {
			return l.Value, true
		}
	}
	return "", false
}
