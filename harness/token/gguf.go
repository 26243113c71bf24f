package token

import (
	"encoding/json"
	"fmt"
	"strings"

	"theriac/harness/model/gguf"
)

// ggufPatterns are the expressions of the pre-tokenizers that GGUF files name. "smollm" is read as
// Transformers reads it (GPT-2's expression).
var ggufPatterns = map[string]string{
	"gpt-2": gpt2Pattern, "smollm": gpt2Pattern,
	"llama-bpe": llama3Pattern, "llama3": llama3Pattern,
	"qwen2": qwen2Pattern,
}

// Token types of GGUF.
const (
	ggufControl = 3
	ggufUser    = 4
)

// FromGGUF reads the tokenizer in a GGUF file's metadata.
func FromGGUF(f *gguf.File) (*Tokenizer, error) {
	where := f.Path
	kind, _ := f.Meta["tokenizer.ggml.model"].(string)
	if kind != "gpt2" {
		return nil, fmt.Errorf("%s: tokenizer.ggml.model is %q; theriac reads byte-level BPE (gpt2)", where, kind)
	}
	name, _ := f.Meta["tokenizer.ggml.pre"].(string)
	if name == "" || name == "default" {
		name = "gpt-2"
	}
	pattern, ok := ggufPatterns[name]
	if !ok {
		return nil, fmt.Errorf("%s: tokenizer.ggml.pre is %q; known are gpt-2, smollm, llama-bpe, qwen2", where, name)
	}
	tokens, _ := f.Meta["tokenizer.ggml.tokens"].([]string)
	merges, _ := f.Meta["tokenizer.ggml.merges"].([]string)
	if len(tokens) == 0 || len(merges) == 0 {
		return nil, fmt.Errorf("%s: no tokenizer.ggml.tokens or no tokenizer.ggml.merges", where)
	}
	t := &Tokenizer{whole: name == "llama-bpe" || name == "llama3", nfc: name == "qwen2"}
	vocab := make(map[string]int32, len(tokens))
	types := integers(f.Meta["tokenizer.ggml.token_type"])
	for i, s := range tokens {
		if i < len(types) && (types[i] == ggufControl || types[i] == ggufUser) {
			t.added.list = append(t.added.list, addedToken{ID: int32(i), Content: s, Special: types[i] == ggufControl})
		} else if s != "" {
			vocab[s] = int32(i)
		}
	}
	for i, s := range merges {
		a, b, ok := strings.Cut(s, " ")
		if !ok {
			return nil, fmt.Errorf("%s: merge %d is %q; want two tokens", where, i+1, s)
		}
		t.merges = append(t.merges, merge{a, b})
	}
	if err := t.fill(where, vocab); err != nil {
		return nil, err
	}
	pre := json.RawMessage(`{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}`)
	if pattern != gpt2Pattern {
		pre = marshal(map[string]any{"type": "Sequence", "pretokenizers": []any{
			map[string]any{"type": "Split", "pattern": map[string]string{"Regex": pattern}, "behavior": "Isolated", "invert": false},
			map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
		}})
	}
	var err error
	if t.pre, err = parsePre(where, pre); err != nil {
		return nil, err
	}
	if err := t.build(where); err != nil {
		return nil, err
	}
	return t, nil
}

// integers reads an array of whole numbers; anything else in it reads as 0.
func integers(v any) []int64 {
	list, _ := v.([]any)
	out := make([]int64, len(list))
	for i, x := range list {
		switch x := x.(type) {
		case int64:
			out[i] = x
		case uint64:
			out[i] = int64(x)
		}
	}
	return out
}
