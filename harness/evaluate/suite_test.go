package evaluate

import (
	"slices"
	"testing"

	"theriac/harness/corpus"
	"theriac/harness/finetune"
	"theriac/harness/model/tiny"
)

// Of a conversation's answers only the last is what must come out; a single one is left as it is encoded.
func TestSuiteAsksTheLastAnswer(t *testing.T) {
	m, err := tiny.Open()
	if err != nil {
		t.Fatal(err)
	}
	chat, err := m.Chat()
	if err != nil {
		t.Fatal(err)
	}
	turn := func(role, text string) corpus.Turn {
		return corpus.Turn{Role: role, Text: text, Train: role == "assistant"}
	}
	single := corpus.Example{ID: "1", Turns: []corpus.Turn{turn("user", "Say red."), turn("assistant", "red")}}
	several := single.WithTurns(append(slices.Clone(single.Turns), turn("user", "Say blue."), turn("assistant", "blue"))...)
	several.ID = "2"
	for _, ex := range []corpus.Example{single, several} {
		want, err := finetune.EncodeOne(chat, &ex)
		if err != nil {
			t.Fatal(err)
		}
		s, err := NewSuite(chat, "test", Match, []corpus.Example{ex}, 96)
		if err != nil {
			t.Fatal(err)
		}
		from := len(want.Prompt())
		got := s.Items()[0].Sequence
		if !slices.Equal(got.IDs, want.IDs) || slices.Contains(got.Loss[:from], true) || !slices.Equal(got.Loss[from:], want.Loss[from:]) {
			t.Errorf("item %s: loss on %v; want it on the tokens from %d on", ex.ID, got.Loss, from)
		}
		if ex.ID == "1" && !slices.Equal(got.Loss, want.Loss) {
			t.Error("a single answer is encoded in another way")
		}
	}
}
