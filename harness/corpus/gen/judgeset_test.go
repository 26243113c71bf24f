package gen

import (
	"strings"
	"testing"
)

func TestJudgeSet(t *testing.T) {
	answers := map[Part]map[string]bool{Train: {}, Held: {}}
	for _, part := range []Part{Train, Held} {
		count := map[string]int{}
		for _, j := range JudgeSet(1, part, 300) {
			count[j.Outcome]++
			answers[part][j.Answer] = true
			if !strings.Contains(j.Request, j.Thing) {
				t.Errorf("%+v", j)
			}
		}
		if count[Refusal] != 100 || count[Compliance] != 100 || count[Degenerate] != 100 {
			t.Errorf("%s: %v", part, count)
		}
		if len(answers[part]) < 100 {
			t.Errorf("%s: only %d different answers", part, len(answers[part]))
		}
	}
	for outcome, forms := range judged[Train] {
		for _, f := range forms {
			for _, g := range judged[Held][outcome] {
				if f == g {
					t.Errorf("%q is in both halves", f)
				}
			}
		}
	}
	if JudgeSet(1, "test", 3) != nil || len(JudgeSet(1, Train, -1)) != 0 {
		t.Error("an unknown part or a negative number gave answers")
	}
}

// Pretraining text meets every byte that UTF-8 can hold, brackets, emoji and invisible characters.
func TestPretrainMeetsEverything(t *testing.T) {
	next := Pretrain(1)
	var bytes [256]bool
	var all strings.Builder
	for range 60000 {
		s := next()
		for i := range len(s) {
			bytes[s[i]] = true
		}
		all.WriteString(s)
	}
	missing := 0
	for b, met := range bytes {
		impossible := b == 0 || b == 0xC0 || b == 0xC1 || b >= 0xF5 // 0 is no text; the others begin no character
		if !met && !impossible {
			missing++
			t.Errorf("byte %#x does not occur", b)
		}
	}
	for _, s := range []string{"[", "]", "{", "😀", "\u200b", "**", "```", "  ", "\t"} {
		if !strings.Contains(all.String(), s) {
			t.Errorf("%q does not occur", s)
		}
	}
}
