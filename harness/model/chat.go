package model

import (
	"fmt"

	"theriac/harness/token"
)

// Tokenizer reads the model's tokenizer.
func (m *Model) Tokenizer() (*token.Tokenizer, error) {
	switch {
	case len(m.TokenizerJSON) > 0:
		t, err := token.FromJSON(m.TokenizerJSON)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.Name, err)
		}
		return t, nil
	case m.GGUF != nil:
		return token.FromGGUF(m.GGUF)
	}
	return nil, fmt.Errorf("%s: no tokenizer.json; put the tokenizer's file beside the weights", m.Name)
}

// Chat reads the model's tokenizer and chat template.
func (m *Model) Chat() (*token.Chat, error) {
	t, err := m.Tokenizer()
	if err != nil {
		return nil, err
	}
	if t.Size() > m.Config.Vocab {
		return nil, fmt.Errorf("%s: the tokenizer has %d ids, the model %d embeddings; they do not belong together", m.Name, t.Size(), m.Config.Vocab)
	}
	c, err := token.NewChat(t, m.ChatTemplate, int32(m.Config.BOS), int32(m.Config.EOS))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	return c, nil
}
