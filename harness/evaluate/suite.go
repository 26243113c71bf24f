package evaluate

import (
	"fmt"

	"theriac/harness/corpus"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/token"
)

// Kind says how a suite's items are judged.
type Kind string

const (
	// Match: teacher-forced argmax equals the reference, token for token; greedy decoding would write it.
	Match Kind = "match"
	// Judged: the answer is written greedily and judged as refusal, compliance or degenerate.
	Judged Kind = "judged"
)

// Suite is a set of items that are judged in one way.
type Suite struct {
	Name   string
	Kind   Kind
	MaxNew int    // most tokens of a judged answer
	Judge  string // of a judged suite: one of JudgeNames; "": the first
	items  []finetune.Item
	prompt [][]int32 // judged suites
	asked  []string  // the requests, for the judge
	Cut    int       // items left out because they do not fit the context
}

// Outcome is what became of one item.
type Outcome struct {
	Item   string  // its ID
	Result string  // "match", "miss", or one of Refusal, Compliance, Degenerate
	NLL    float32 // nats a reference token, teacher-forced
	Text   string  // the answer, where one was written; local, never committed
}

// NewSuite encodes items for a model. Items of a Match suite carry the expected output; of several answers in an item only
// the last counts.
func NewSuite(chat *token.Chat, name string, kind Kind, examples []corpus.Example, maxTokens int) (*Suite, error) {
	s := &Suite{Name: name, Kind: kind, MaxNew: 32}
	items, fit, err := finetune.Encode(chat, examples, maxTokens)
	if err != nil {
		return nil, fmt.Errorf("suite %s: %w", name, err)
	}
	request := map[string]string{}
	for i := range examples {
		request[examples[i].ID] = examples[i].Prompt()
	}
	cut := map[string]bool{}
	for _, id := range append(fit.Truncated, fit.Dropped...) {
		cut[id] = true
	}
	for i := range items {
		if cut[items[i].ID] {
			s.Cut++ // a cut answer cannot be matched
			continue
		}
		clear(items[i].Loss[:len(items[i].Prompt())]) // earlier answers are part of the question
		s.items = append(s.items, items[i])
		if kind == Judged {
			s.prompt = append(s.prompt, items[i].Prompt())
			s.asked = append(s.asked, request[items[i].ID])
		}
	}
	s.Cut += len(fit.Dropped)
	return s, nil
}

// Items are the items as the model reads them.
func (s *Suite) Items() []finetune.Item { return s.items }

// Len is the number of items.
func (s *Suite) Len() int { return len(s.items) }

// Run judges every item.
func (s *Suite) Run(r *infer.Runner, chat *token.Chat) ([]Outcome, error) {
	seqs := make([]*infer.Sequence, len(s.items))
	out := make([]Outcome, len(s.items))
	for i := range s.items {
		seqs[i], out[i].Item = &s.items[i].Sequence, s.items[i].ID
	}
	scores, err := r.Score(seqs)
	if err != nil {
		return nil, fmt.Errorf("suite %s: %w", s.Name, err)
	}
	for i := range scores {
		out[i].Result = "miss"
		if scores[i].Match {
			out[i].Result = "match"
		}
		out[i].NLL = float32(scores[i].NLL / float64(scores[i].Tokens))
	}
	if s.Kind != Judged {
		return out, nil
	}
	judge, err := lookupJudge(s.Judge)
	if err != nil {
		return nil, fmt.Errorf("suite %s: %w", s.Name, err)
	}
	texts, err := r.Generate(s.prompt, infer.Decoding{MaxNew: s.MaxNew, Stop: chat.Stop()})
	if err != nil {
		return nil, fmt.Errorf("suite %s: %w", s.Name, err)
	}
	for i := range texts {
		out[i].Text = chat.Tokenizer.Text(texts[i])
		out[i].Result = judge(s.asked[i], out[i].Text)
	}
	return out, nil
}

// Count is how many outcomes have a result.
func Count(outcomes []Outcome, result string) (k, n int) {
	for i := range outcomes {
		if outcomes[i].Result == result {
			k++
		}
	}
	return k, len(outcomes)
}

// MeanNLL is the mean of the items' nats a token; 0 without items.
func MeanNLL(outcomes []Outcome) float64 {
	sum := 0.0
	for i := range outcomes {
		sum += float64(outcomes[i].NLL)
	}
	if len(outcomes) == 0 {
		return 0
	}
	return sum / float64(len(outcomes))
}
