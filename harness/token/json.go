package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// file is tokenizer.json.
type file struct {
	Version       string          `json:"version"`
	Truncation    any             `json:"truncation"`
	Padding       any             `json:"padding"`
	AddedTokens   []addedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         fileModel       `json:"model"`
}

type fileModel struct {
	Type         string            `json:"type"`
	Dropout      *float64          `json:"dropout"`
	Unknown      *string           `json:"unk_token"`
	Prefix       *string           `json:"continuing_subword_prefix"`
	Suffix       *string           `json:"end_of_word_suffix"`
	FuseUnknown  bool              `json:"fuse_unk"`
	ByteFallback bool              `json:"byte_fallback"`
	IgnoreMerges bool              `json:"ignore_merges"`
	Vocab        map[string]int32  `json:"vocab"`
	Merges       []json.RawMessage `json:"merges"`
}

// maxIDs bounds the ids that a file may claim, so that one lying id does not take all memory.
const maxIDs = 1 << 22

// FromJSON reads a tokenizer.json.
func FromJSON(data []byte) (*Tokenizer, error) {
	const where = "tokenizer.json"
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	m := &f.Model
	given := func(s *string) bool { return s != nil && *s != "" }
	switch {
	case m.Type != "BPE":
		return nil, fmt.Errorf("%s: model type %q; theriac reads byte-level BPE", where, m.Type)
	case m.ByteFallback, given(m.Prefix), given(m.Suffix), m.Dropout != nil && *m.Dropout != 0:
		return nil, fmt.Errorf("%s: a BPE model with byte fallback, affixes or dropout; theriac reads byte-level BPE", where)
	}
	t := &Tokenizer{whole: m.IgnoreMerges}
	var err error
	if t.nfc, err = normalizer(where, f.Normalizer); err != nil {
		return nil, err
	}
	if t.pre, err = parsePre(where, f.PreTokenizer); err != nil {
		return nil, err
	}
	t.added.list = f.AddedTokens
	if err := t.fill(where, m.Vocab); err != nil {
		return nil, err
	}
	for i, raw := range m.Merges {
		mg, err := parseMerge(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: merge %d: %w", where, i+1, err)
		}
		t.merges = append(t.merges, mg)
	}
	if err := t.build(where); err != nil {
		return nil, err
	}
	return t, nil
}

func normalizer(where string, data json.RawMessage) (nfc bool, err error) {
	if len(data) == 0 || string(data) == "null" {
		return false, nil
	}
	var n struct {
		Type  string            `json:"type"`
		Parts []json.RawMessage `json:"normalizers"`
	}
	if err := json.Unmarshal(data, &n); err != nil {
		return false, fmt.Errorf("%s: normalizer: %w", where, err)
	}
	switch {
	case n.Type == "NFC":
		return true, nil
	case n.Type == "Sequence" && len(n.Parts) == 0:
		return false, nil
	}
	return false, fmt.Errorf("%s: normalizer %q is not known; none and NFC are", where, n.Type)
}

// fill sets tokens and special from a vocabulary and t.added.
func (t *Tokenizer) fill(where string, vocab map[string]int32) error {
	top := int32(-1)
	check := func(s string, id int32) error {
		if id < 0 || id >= maxIDs {
			return fmt.Errorf("%s: token %q has id %d; want 0 to %d", where, s, id, maxIDs-1)
		}
		top = max(top, id)
		return nil
	}
	for s, id := range vocab {
		if err := check(s, id); err != nil {
			return err
		}
	}
	for _, a := range t.added.list {
		if err := check(a.Content, a.ID); err != nil {
			return err
		}
	}
	if top < 0 {
		return fmt.Errorf("%s: the vocabulary is empty", where)
	}
	t.tokens = make([]string, top+1)
	for _, s := range slices.Sorted(maps.Keys(vocab)) {
		id := vocab[s]
		if t.tokens[id] != "" {
			return fmt.Errorf("%s: tokens %q and %q share id %d", where, t.tokens[id], s, id)
		}
		t.tokens[id] = s
	}
	t.special = map[int32]bool{}
	for _, a := range t.added.list {
		t.tokens[a.ID] = a.Content
		if a.Special {
			t.special[a.ID] = true
		}
	}
	return nil
}

// parseMerge reads "a b" or ["a","b"].
func parseMerge(raw json.RawMessage) (merge, error) {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		if a, b, ok := strings.Cut(s, " "); ok && a != "" && b != "" && !strings.Contains(b, " ") {
			return merge{a, b}, nil
		}
		return merge{}, fmt.Errorf("%q: want two tokens", s)
	}
	var two []string
	if json.Unmarshal(raw, &two) != nil || len(two) != 2 {
		return merge{}, fmt.Errorf("want two tokens")
	}
	return merge{two[0], two[1]}, nil
}

// JSON is the tokenizer as tokenizer.json, in one canonical form; Transformers reads it.
func (t *Tokenizer) JSON() []byte {
	f := file{
		Version:      "1.0",
		AddedTokens:  t.added.list,
		PreTokenizer: t.pre.json,
		Decoder:      json.RawMessage(`{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true}`),
		Model:        fileModel{Type: "BPE", IgnoreMerges: t.whole, Vocab: map[string]int32{}},
	}
	if t.nfc {
		f.Normalizer = json.RawMessage(`{"type":"NFC"}`)
	}
	for i, s := range t.tokens {
		if s != "" {
			f.Model.Vocab[s] = int32(i)
		}
	}
	for _, m := range t.merges {
		f.Model.Merges = append(f.Model.Merges, marshal(m.left+" "+m.right))
	}
	return marshal(f)
}

// marshal writes JSON as Transformers does: without HTML escapes.
func marshal(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // strings, numbers and JSON that was parsed
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
