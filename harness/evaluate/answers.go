package evaluate

import (
	"fmt"

	"theriac/harness/infer"
	"theriac/harness/token"
)

// Answer writes the model's greedy answer to each item into the outcomes of a suite that was not judged; a judged one has them.
func (s *Suite) Answer(r *infer.Runner, chat *token.Chat, out []Outcome) error {
	if s.Kind == Judged {
		return nil
	}
	prompts := make([][]int32, len(s.items))
	for i := range s.items {
		prompts[i] = s.items[i].Prompt()
	}
	texts, err := r.Generate(prompts, infer.Decoding{MaxNew: s.MaxNew, Stop: chat.Stop()})
	if err != nil {
		return fmt.Errorf("suite %s: %w", s.Name, err)
	}
	for i := range texts {
		out[i].Text = chat.Tokenizer.Text(texts[i])
	}
	return nil
}
