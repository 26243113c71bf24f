package finetune

import (
	"fmt"

	"theriac/harness/corpus"
	"theriac/harness/infer"
	"theriac/harness/token"
)

// Fit says how a data set fitted into the model's context.
type Fit struct {
	Examples  int
	Tokens    int      // of all items
	Responses int      // of them with loss
	Truncated []string // IDs of examples that were cut at the end
	Dropped   []string // IDs of examples left out: cutting would leave no response token
}

// Encode turns examples into items of at most maxTokens tokens.
func Encode(chat *token.Chat, examples []corpus.Example, maxTokens int) ([]Item, Fit, error) {
	fit := Fit{Examples: len(examples)}
	items := make([]Item, 0, len(examples))
	for i := range examples {
		e := &examples[i]
		s, err := EncodeOne(chat, e)
		if err != nil {
			return nil, fit, fmt.Errorf("row %d (%s): %w; leave it out", e.Source.Row+1, e.ID, err)
		}
		if len(s.IDs) > maxTokens {
			s.IDs, s.Loss = s.IDs[:maxTokens], s.Loss[:maxTokens]
			if s.Responses() == 0 {
				fit.Dropped = append(fit.Dropped, e.ID)
				continue
			}
			fit.Truncated = append(fit.Truncated, e.ID)
		}
		fit.Tokens += len(s.IDs)
		fit.Responses += s.Responses()
		items = append(items, Item{ID: e.ID, Sequence: s})
	}
	return items, fit, nil
}

// EncodeOne writes one example in the model's chat template: loss on the turns that are trained.
func EncodeOne(chat *token.Chat, e *corpus.Example) (infer.Sequence, error) {
	messages, train := Messages(e)
	ids, loss, err := chat.Encode(messages, train)
	return infer.Sequence{IDs: ids, Loss: loss}, err
}

// Messages are an example's turns as a chat template takes them, and which of them are trained.
func Messages(e *corpus.Example) (messages []token.Message, train []bool) {
	for _, t := range e.Turns {
		messages = append(messages, token.Message{Role: t.Role, Content: t.Text})
		train = append(train, t.Train)
	}
	return messages, train
}

// Fits gives a function that says whether an example is at most maxTokens tokens long, template included.
func Fits(chat *token.Chat, maxTokens int) func(*corpus.Example) (bool, error) {
	return func(e *corpus.Example) (bool, error) {
		s, err := EncodeOne(chat, e)
		return len(s.IDs) <= maxTokens, err
	}
}
