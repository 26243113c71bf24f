package token

import (
	"fmt"
	"slices"
	"strings"
)

// Plain is the template for models that bring none: turns one after the other, each response ended by the end-of-text token.
const Plain = `{% for message in messages %}{{ message['content'] }}{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}` +
	`{{ '\n' }}{% endfor %}`

// Chat turns conversations into ids. It is safe for concurrent use.
type Chat struct {
	Tokenizer *Tokenizer
	Template  *Template
	stop      []int32
}

// NewChat joins a tokenizer and the text of a template; an empty one means Plain. bos and eos are ids, or negative if
// the model has none.
func NewChat(t *Tokenizer, template string, bos, eos int32) (*Chat, error) {
	if template == "" {
		template = Plain
	}
	parsed, err := ParseTemplate(template, t.Bytes(bos), t.Bytes(eos))
	if err != nil {
		return nil, err
	}
	c := &Chat{Tokenizer: t, Template: parsed}
	if eos >= 0 {
		c.stop = append(c.stop, eos)
	}
	end, err := c.endOfTurn()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(c.stop, end) {
		c.stop = append(c.stop, end)
	}
	return c, nil
}

// endOfTurn finds the special token that closes an answer.
func (c *Chat) endOfTurn() (int32, error) {
	const mark = "theriac"
	_, answer, err := c.cut([]Message{{"user", mark}, {"assistant", mark}}, 1)
	if err != nil {
		return 0, err
	}
	for _, id := range c.Tokenizer.Encode(strings.TrimPrefix(answer, mark)) {
		if c.Tokenizer.special[id] {
			return id, nil
		}
	}
	return 0, fmt.Errorf("chat template: no special token ends an answer; it ends with %q", strings.TrimPrefix(answer, mark))
}

// Stop are the ids that end an answer.
func (c *Chat) Stop() []int32 { return c.stop }

// Prompt gives the ids up to where the assistant answers the last message.
func (c *Chat) Prompt(messages []Message) ([]int32, error) {
	text, err := c.Template.Render(messages, true)
	if err != nil {
		return nil, err
	}
	return c.Tokenizer.Encode(text), nil
}

// Encode gives the ids of a whole conversation, and which of them carry loss: those of the answers of the turns named
// by train, end-of-turn token included. What the template writes after the last end-of-turn token is left out.
func (c *Chat) Encode(messages []Message, train []bool) (ids []int32, loss []bool, err error) {
	add := func(text string, trained bool) {
		part := c.Tokenizer.Encode(text)
		cut := len(part)
		if trained {
			for i, id := range part {
				if slices.Contains(c.stop, id) {
					cut = i + 1
				}
			}
		}
		ids = append(ids, part...)
		for i := range part {
			loss = append(loss, trained && i < cut)
		}
	}
	done := "" // text written so far
	for i, m := range messages {
		if m.Role != "assistant" {
			continue
		}
		if i == 0 {
			return nil, nil, fmt.Errorf("the conversation begins with the assistant; want a user turn first")
		}
		prompt, answer, err := c.cut(messages, i)
		if err != nil {
			return nil, nil, err
		}
		rest, ok := strings.CutPrefix(prompt, done)
		if !ok {
			return nil, nil, fmt.Errorf("the chat template rewrites earlier turns; train on one turn at a time")
		}
		add(rest, false)
		add(answer, train[i])
		done = prompt + answer
	}
	if n := len(messages); n > 0 && messages[n-1].Role != "assistant" {
		text, err := c.Template.Render(messages, false)
		if err != nil {
			return nil, nil, err
		}
		rest, ok := strings.CutPrefix(text, done)
		if !ok {
			return nil, nil, fmt.Errorf("the chat template rewrites earlier turns; train on one turn at a time")
		}
		add(rest, false)
	}
	for i := len(loss) - 1; i >= 0; i-- {
		if loss[i] {
			return ids[:i+1], loss[:i+1], nil
		}
	}
	return ids, loss, nil
}

// cut renders the turns up to and with i, an answer, and cuts where the answer begins.
func (c *Chat) cut(messages []Message, i int) (prompt, answer string, err error) {
	if prompt, err = c.Template.Render(messages[:i], true); err != nil {
		return "", "", err
	}
	whole, err := c.Template.Render(messages[:i+1], false)
	if err != nil {
		return "", "", err
	}
	answer, ok := strings.CutPrefix(whole, prompt)
	if !ok {
		return "", "", fmt.Errorf("the chat template writes a prompt that its whole conversation does not begin with; it cannot be trained on")
	}
	return prompt, answer, nil
}
