package token

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Tokenizer is a byte-level BPE tokenizer. It is safe for concurrent use.
type Tokenizer struct {
	tokens  []string // by id, in the byte alphabet; "" where an id is unused
	ids     map[string]int32
	merges  []merge
	ranks   map[pair]ranked
	bytes   [256]int32 // the id of each single byte, or -1
	whole   bool       // a word that is a token is never split ("ignore_merges")
	nfc     bool
	pre     preTokenizer
	added   addedTokens
	special map[int32]bool

	mu    sync.RWMutex
	words map[string][]int32 // cache
}

type pair struct{ a, b int32 }

type ranked struct{ rank, id int32 }

type merge struct{ left, right string }

// maxCached bounds the cache: entries, and the length of a word in it.
const (
	maxCached     = 1 << 17
	maxCachedWord = 64
)

// build completes a tokenizer whose tokens, merges, added, pre and flags are set.
func (t *Tokenizer) build(where string) error {
	t.ids = make(map[string]int32, len(t.tokens))
	for i, s := range t.tokens {
		if s != "" {
			t.ids[s] = int32(i)
		}
	}
	for b := range t.bytes {
		t.bytes[b] = -1
		if id, ok := t.ids[string(byteRune[b])]; ok {
			t.bytes[b] = id
		}
	}
	t.ranks = make(map[pair]ranked, len(t.merges))
	for i, m := range t.merges {
		a, okA := t.ids[m.left]
		b, okB := t.ids[m.right]
		c, okC := t.ids[m.left+m.right]
		if !okA || !okB || !okC {
			return fmt.Errorf("%s: merge %d (%q %q) uses a token that is not in the vocabulary", where, i+1, m.left, m.right)
		}
		if _, twice := t.ranks[pair{a, b}]; !twice {
			t.ranks[pair{a, b}] = ranked{int32(i), c}
		}
	}
	t.words = map[string][]int32{}
	return t.added.index(where)
}

// Size is the number of ids: one more than the largest.
func (t *Tokenizer) Size() int { return len(t.tokens) }

// ID is the id of a token as the vocabulary spells it, or of an added token.
func (t *Tokenizer) ID(token string) (int32, bool) {
	id, ok := t.ids[token]
	return id, ok
}

// Special reports whether an id is a control token, such as the end of a turn.
func (t *Tokenizer) Special(id int32) bool { return t.special[id] }

// Bytes is the text of one token; a part of a character is possible. It is "" for an id that does not exist.
func (t *Tokenizer) Bytes(id int32) string {
	if id < 0 || int(id) >= len(t.tokens) {
		return ""
	}
	s := t.tokens[id]
	if t.added.has(id) {
		return s
	}
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if b, ok := runeByte[r]; ok {
			out = append(out, b)
		} else {
			out = utf8.AppendRune(out, r)
		}
	}
	return string(out)
}

// Encode gives the ids of a text. Added tokens in it are recognised; none is put in.
// Invalid UTF-8 reads as U+FFFD.
func (t *Tokenizer) Encode(text string) []int32 {
	var out []int32
	text = t.clean(text)
	for len(text) > 0 {
		start, end, id := t.added.find(text)
		out = t.encode(out, text[:start])
		if id >= 0 {
			out = append(out, id)
		}
		text = text[end:]
	}
	return out
}

// EncodePlain is Encode for text from outside: an added token written in it is ordinary text.
func (t *Tokenizer) EncodePlain(text string) []int32 { return t.encode(nil, t.clean(text)) }

func (t *Tokenizer) clean(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if t.nfc {
		text = norm.NFC.String(text)
	}
	return text
}

func (t *Tokenizer) encode(out []int32, text string) []int32 {
	if text == "" {
		return out
	}
	t.pre.split(text, func(word string) { out = append(out, t.word(word)...) })
	return out
}

// word gives the ids of one pre-token.
func (t *Tokenizer) word(w string) []int32 {
	cacheable := len(w) <= maxCachedWord
	if cacheable {
		t.mu.RLock()
		ids, ok := t.words[w]
		t.mu.RUnlock()
		if ok {
			return ids
		}
	}
	ids := t.bpe(w)
	if cacheable {
		t.mu.Lock()
		if len(t.words) < maxCached {
			t.words[strings.Clone(w)] = ids
		}
		t.mu.Unlock()
	}
	return ids
}

// Decode gives the text of ids. Bytes that are no UTF-8 read as U+FFFD; ids outside the vocabulary are left out.
func (t *Tokenizer) Decode(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		b.WriteString(t.Bytes(id))
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// Text is Decode without special tokens.
func (t *Tokenizer) Text(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		if !t.special[id] {
			b.WriteString(t.Bytes(id))
		}
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// Digest is the sha256 of what decides the ids: vocabulary, merges, added tokens and pre-tokenizer.
func (t *Tokenizer) Digest() string {
	sum := sha256.Sum256(t.JSON())
	return hex.EncodeToString(sum[:])
}

// Stream decodes ids one at a time and holds back a character until it is whole.
type Stream struct {
	t    *Tokenizer
	held string
}

// Stream starts a stream.
func (t *Tokenizer) Stream() *Stream { return &Stream{t: t} }

// Next gives the text that id completes; "" while a character is open.
func (s *Stream) Next(id int32) string {
	if s.t.special[id] {
		return s.Close()
	}
	s.held += s.t.Bytes(id)
	n := len(s.held)
	for back := 1; back <= 3 && back <= len(s.held); back++ { // an unfinished character at the end?
		if c := s.held[len(s.held)-back]; utf8.RuneStart(c) {
			if !utf8.FullRuneInString(s.held[len(s.held)-back:]) {
				n -= back
			}
			break
		}
	}
	out := strings.ToValidUTF8(s.held[:n], "\uFFFD")
	s.held = s.held[n:]
	return out
}

// Close gives what is left.
func (s *Stream) Close() string {
	out := strings.ToValidUTF8(s.held, "\uFFFD")
	s.held = ""
	return out
}
