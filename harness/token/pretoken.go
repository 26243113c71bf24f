package token

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/dlclark/regexp2" // the models' expressions look ahead, which Go's regexp cannot
)

// The pre-tokenizers' own expressions.
const (
	gpt2Pattern   = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
	llama3Pattern = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
	qwen2Pattern  = `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
)

// preTokenizer cuts text into words that are merged apart from each other.
type preTokenizer struct {
	steps []preStep
	json  json.RawMessage // as tokenizer.json has it
}

// preStep cuts at each match of an expression; what lies between matches stays a piece of its own.
type preStep struct {
	re     *regexp2.Regexp
	prefix bool // put a space before a text that does not begin with one
}

// rawPre is a pre-tokenizer of tokenizer.json.
type rawPre struct {
	Type       string            `json:"type"`
	Parts      []json.RawMessage `json:"pretokenizers"`
	Pattern    *rawPattern       `json:"pattern"`
	Behavior   string            `json:"behavior"`
	Invert     bool              `json:"invert"`
	Individual bool              `json:"individual_digits"`
	Prefix     bool              `json:"add_prefix_space"`
	UseRegex   *bool             `json:"use_regex"`
}

type rawPattern struct {
	Regex  *string `json:"Regex"`
	String *string `json:"String"`
}

// parsePre reads a pre-tokenizer. What it does not know is an error.
func parsePre(where string, data json.RawMessage) (preTokenizer, error) {
	p := preTokenizer{json: data}
	byteLevel := false
	var walk func(json.RawMessage) error
	walk = func(data json.RawMessage) error {
		var r rawPre
		if err := json.Unmarshal(data, &r); err != nil {
			return fmt.Errorf("%s: pre_tokenizer: %w", where, err)
		}
		switch r.Type {
		case "Sequence":
			for _, part := range r.Parts {
				if err := walk(part); err != nil {
					return err
				}
			}
			return nil
		case "ByteLevel":
			byteLevel = true
			if r.Prefix {
				p.steps = append(p.steps, preStep{prefix: true})
			}
			if r.UseRegex == nil || *r.UseRegex {
				return p.add(where, gpt2Pattern)
			}
			return nil
		case "Digits":
			if r.Individual {
				return p.add(where, `\p{N}`)
			}
			return p.add(where, `\p{N}+`)
		case "Split":
			if r.Behavior != "Isolated" && !(r.Behavior == "Removed" && r.Invert) {
				return fmt.Errorf("%s: pre_tokenizer: Split with behavior %q (invert %v) is not known; Isolated is", where, r.Behavior, r.Invert)
			}
			switch {
			case r.Pattern != nil && r.Pattern.Regex != nil:
				return p.add(where, *r.Pattern.Regex)
			case r.Pattern != nil && r.Pattern.String != nil:
				return p.add(where, regexp2.Escape(*r.Pattern.String))
			}
			return fmt.Errorf("%s: pre_tokenizer: Split without a pattern", where)
		}
		return fmt.Errorf("%s: pre_tokenizer %q is not known; theriac reads byte-level BPE (ByteLevel, Split, Digits, Sequence)", where, r.Type)
	}
	if err := walk(data); err != nil {
		return p, err
	}
	if !byteLevel {
		return p, fmt.Errorf("%s: no ByteLevel pre_tokenizer; theriac reads byte-level BPE", where)
	}
	return p, nil
}

func (p *preTokenizer) add(where, pattern string) error {
	re, err := regexp2.Compile(pattern, regexp2.None)
	if err != nil {
		return fmt.Errorf("%s: pre_tokenizer: %w", where, err)
	}
	p.steps = append(p.steps, preStep{re: re})
	return nil
}

// split hands out the words of a text in order.
func (p *preTokenizer) split(text string, word func(string)) { p.from(0, text, word) }

func (p *preTokenizer) from(step int, text string, word func(string)) {
	if text == "" {
		return
	}
	if step == len(p.steps) {
		word(text)
		return
	}
	s := &p.steps[step]
	if s.prefix {
		if !strings.HasPrefix(text, " ") {
			text = " " + text
		}
		p.from(step+1, text, word)
		return
	}
	runes := []rune(text)
	at := 0                            // runes handed out
	m, _ := s.re.FindRunesMatch(runes) // without a time limit it cannot fail
	for m != nil {
		if m.Length > 0 {
			p.from(step+1, string(runes[at:m.Index]), word)
			p.from(step+1, string(runes[m.Index:m.Index+m.Length]), word)
			at = m.Index + m.Length
		}
		m, _ = s.re.FindNextMatch(m)
	}
	p.from(step+1, string(runes[at:]), word)
}
