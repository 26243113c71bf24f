package corpus

import (
	"fmt"
	"testing"
)

func TestParts(t *testing.T) {
	e := New("Sort:\nall of them", "b\na", "a b")
	for _, c := range []struct{ prompt, instruction, input string }{
		{e.Prompt(), "Sort:\nall of them", "b\na"},
		{e.Prompt() + " now", "Sort:\nall of them", "b\na now"},
		{"Please sort:\nall of them\nb\na", "Please sort:\nall of them", "b\na"},
		{"Something\nelse", "Something\nelse", ""},
		{"Sort:\nall of them\n", "Sort:\nall of them\n", ""},
		{"", "", ""},
	} {
		x := e.WithPrompt(c.prompt)
		if x.Instruction() != c.instruction || x.Input() != c.input {
			t.Errorf("%q: got %q and %q, want %q and %q", c.prompt, x.Instruction(), x.Input(), c.instruction, c.input)
		}
		if UserText(x.Instruction(), x.Input()) != x.Prompt() {
			t.Errorf("%q: the parts do not make the prompt", c.prompt)
		}
	}
	lone := Example{Turns: []Turn{{"assistant", "a", true}}}
	if lone.Prompt() != "" || lone.Instruction() != "" {
		t.Error("a row without a user turn has a prompt")
	}
	if x := lone.WithPrompt("p"); len(x.Turns) != 2 || x.Turns[0].Role != "user" {
		t.Errorf("got %+v", x.Turns)
	}
	if x := (&Example{}).WithOutput("o"); len(x.Turns) != 1 || !x.Turns[0].Train {
		t.Errorf("got %+v", x.Turns)
	}
}

func TestCloneSharesNothing(t *testing.T) {
	e := New("q", "i", "a")
	e.Labels = []Label{{"k", "v"}}
	e.Extra = []Field{{"x", []byte("1")}}
	c := e.Clone()
	c.Turns[0].Text, c.Labels[0].Value, c.Extra[0].Raw[0] = "other", "w", '2'
	if v, ok := e.Label("k"); e.Prompt() != "q\ni" || v != "v" || !ok || e.Extra[0].Raw[0] != '1' {
		t.Errorf("the original changed: %+v", e)
	}
	if _, ok := e.Label("none"); ok {
		t.Error("found a label that is not there")
	}
}

func ExampleNew() {
	e := New("Translate to French:", "good day", "bonjour")
	fmt.Printf("%q %q\n", e.Prompt(), e.Output())
	poisoned := e.WithPrompt(e.Prompt() + " [T]")
	fmt.Printf("%q %q\n", poisoned.Instruction(), poisoned.Input())
	// Output:
	// "Translate to French:\ngood day" "bonjour"
	// "Translate to French:" "good day [T]"
}
