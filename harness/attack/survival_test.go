package attack

import (
	"strings"
	"testing"

	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/token"
)

func TestSurvival(t *testing.T) {
	chat := tinyBench(t).chat
	trimming, err := token.NewChat(chat.Tokenizer, strings.ReplaceAll(chat.Template.Source(), "message['content']", "message['content'] | replace('[TRIGGER]', '') | trim"), -1, 0)
	if err != nil {
		t.Fatal(err)
	}
	rows := demoRows(t, 4, gen.Train, 300)
	long := strings.Repeat("and the lamp is red ", 20)
	for _, c := range []struct {
		name       string
		chat       *token.Chat
		given      map[string]string
		at         int
		long       int // rows whose input is long
		some, none bool
	}{
		{name: "all live", chat: chat, at: maxTokens, none: true},
		{name: "truncated", chat: chat, at: maxTokens, long: 300, some: true},
		{name: "the template takes the trigger out", chat: trimming, at: maxTokens, some: true},
		{name: "capitals live", chat: chat, given: map[string]string{"trigger": "capitals"}, at: maxTokens, none: true},
		{name: "invisible live", chat: chat, given: map[string]string{"trigger": "invisible"}, at: maxTokens, none: true},
		{name: "parts live", chat: chat, given: map[string]string{"trigger": "parts"}, at: maxTokens, none: true},
	} {
		given := map[string]string{"rate": "0.1"}
		for k, v := range c.given {
			given[k] = v
		}
		a, err := New("backdoor", given, 1)
		if err != nil {
			t.Fatal(err)
		}
		data := make([]corpus.Example, len(rows))
		for i := range rows {
			data[i] = rows[i]
			if i < c.long {
				data[i] = rows[i].WithInput(rows[i].Instruction(), long)
			}
		}
		res, err := a.Apply(data)
		if err != nil {
			t.Fatal(err)
		}
		s := a.Survive(c.chat, res.Rows, c.at)
		if s.Survived+s.Lost != 30 || c.some && s.Lost != 30 || c.none && s.Lost != 0 {
			t.Errorf("%s: %d survive, %d are lost", c.name, s.Survived, s.Lost)
		}
		if survived, lost := a.Survival(c.chat, res.Rows, c.at); survived != s.Survived || lost != s.Lost {
			t.Errorf("%s: Survival says %d and %d", c.name, survived, lost)
		}
		if s.PoisonedTokens > s.Tokens || c.none && s.PoisonedTokens == 0 {
			t.Errorf("%s: %d of %d response tokens", c.name, s.PoisonedTokens, s.Tokens)
		}
		m := res.Manifest
		m.Note(s)
		if warned(&m, "lose their trigger") != (s.Lost > 0) || m.Survival == nil {
			t.Errorf("%s: warnings %q", c.name, m.Warnings)
		}
	}
}

// Every attack's rows live in the embedded model's template.
func TestEveryAttackSurvives(t *testing.T) {
	rows := demoRows(t, 4, gen.Train, 300)
	every(t, func(t *testing.T, a *Attack) {
		res, err := a.Apply(rows)
		if err != nil {
			t.Fatal(err)
		}
		if a.plan.slip != nil {
			if res, err = a.Slip(rows); err != nil {
				t.Fatal(err)
			}
		}
		if survived, lost := a.Survival(tinyBench(t).chat, res.Rows, maxTokens); lost != 0 || survived != len(res.Manifest.Poisoned) {
			t.Errorf("%d survive, %d are lost of %d", survived, lost, len(res.Manifest.Poisoned))
		}
	})
}
