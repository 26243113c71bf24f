package data

import (
	"strings"
	"testing"

	"theriac/harness/corpus/gen"
)

// A word that was put in is the one that is named; short prompts and prompts without words are no trouble.
func TestOddWords(t *testing.T) {
	m := tinyModel(t)
	rows, err := gen.Examples(5, gen.Held, gen.Demo, 40)
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for i := range rows {
		turn := &rows[i].Turns[len(rows[i].Turns)-2]
		words := strings.Fields(turn.Text)
		at := i % len(words)
		turn.Text = strings.Join(words[:at], " ") + " qzxvj " + strings.Join(words[at:], " ")
		odd, err := m.odd(&rows[i])
		if err != nil {
			t.Fatal(err)
		}
		if len(odd) > 0 && odd[0].Text == "qzxvj" {
			named++
		}
	}
	if named < 30 {
		t.Errorf("the word that was put in is named first in %d of %d rows, want 30", named, len(rows))
	}
	for _, text := range []string{"", "one", strings.Repeat("word ", 10_000)} {
		rows[0].Turns[len(rows[0].Turns)-2].Text = text
		if _, err := m.odd(&rows[0]); err != nil {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
