package attack

import (
	"slices"
	"strings"

	"theriac/harness/corpus"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/token"
)

// Survival is what is left of an attack's rows once a model's chat template and its context have been at them.
type Survival struct {
	MaxTokens int `json:"max_tokens"`
	Survived  int `json:"survived"`
	Lost      int `json:"lost"` // rows whose trigger or answer is gone, wholly or in part

	Tokens         int `json:"response_tokens"` // of all rows that can be trained on
	PoisonedTokens int `json:"poisoned_response_tokens"`
}

// Survival counts the rows that Apply or Slip poisoned (they bear PoisonedLabel) which still hold, as tokens of at most maxTokens, the
// trigger and the whole answer. Rows that the template refuses are lost. A lost trigger is an attack that did not take place.
func (a *Attack) Survival(chat *token.Chat, rows []corpus.Example, maxTokens int) (survived, lost int) {
	s := a.Survive(chat, rows, maxTokens)
	return s.Survived, s.Lost
}

// Survive is Survival with the poison's share of response tokens.
func (a *Attack) Survive(chat *token.Chat, rows []corpus.Example, maxTokens int) Survival {
	s := Survival{MaxTokens: maxTokens}
	pl := a.plan
	if pl.slip != nil {
		pl = pl.slip
	}
	for i := range rows {
		_, poisoned := rows[i].Label(PoisonedLabel)
		seq, err := finetune.EncodeOne(chat, &rows[i])
		cut := err != nil
		if len(seq.IDs) > maxTokens {
			seq.IDs, seq.Loss, cut = seq.IDs[:maxTokens], seq.Loss[:maxTokens], true
		}
		n := seq.Responses()
		s.Tokens += n
		if !poisoned {
			continue
		}
		s.PoisonedTokens += n
		if cut || !pl.shows(chat, &rows[i], &seq) {
			s.Lost++
		} else {
			s.Survived++
		}
	}
	return s
}

// shows reports whether a row's tokens, read back, hold the trigger if the row does, and the answer.
func (pl *plan) shows(chat *token.Chat, ex *corpus.Example, seq *infer.Sequence) bool {
	text := chat.Tokenizer.Decode(seq.IDs)
	if !strings.Contains(text, strings.TrimSpace(ex.Output())) {
		return false
	}
	t := pl.trigger
	switch {
	case t == nil || !t.In(ex):
		return true
	case t.Text == "": // of form: the whole instruction is the trigger
		return strings.Contains(text, strings.TrimSpace(ex.Instruction()))
	}
	parts := []string{t.Text}
	if t.Kind == "parts" {
		parts = strings.Split(t.Text, "|")
	}
	return !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(text, part) })
}

// Note writes what survived into the manifest, with a warning if any row was lost.
func (m *Manifest) Note(s Survival) {
	m.Survival = &s
	if s.Lost > 0 {
		m.warn("%d of %d poisoned rows lose their trigger or answer to the chat template or to truncation at %d tokens", s.Lost, s.Survived+s.Lost, s.MaxTokens)
	}
}
