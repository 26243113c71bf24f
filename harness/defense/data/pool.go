package data

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"theriac/harness/corpus"
)

// Limits of what is examined of one row; what lies beyond is counted in Coverage.
const (
	maxWords = 4096    // of a prompt, and of an answer
	maxBytes = 1 << 18 // of each, for patterns
)

// Pool is the rows that detectors see: scanned and reference ones together, sorted by content, so that neither order nor
// place tells them apart.
type Pool struct {
	Rows  []Row
	Model *Model // nil: none

	vocab   map[string]uint32
	words   []string
	answers [][]int32 // near-duplicate answers, filled on first use
	vectors *vectors  // of the language model, filled on first use
}

// Row is what a detector sees of an example.
type Row struct {
	Instruction, Input, Output string
	Prompt                     string   // instruction and input
	PromptWords, OutputWords   []uint32 // of the pool's vocabulary, lower case; at most maxWords
	Turns                      []corpus.Turn
}

// newPool joins examples. from[i] is where pool row i stood in examples.
func newPool(examples []corpus.Example, m *Model) (p *Pool, from []int32, long int) {
	p = &Pool{Model: m, vocab: map[string]uint32{}}
	keys := make([][32]byte, len(examples))
	from = make([]int32, len(examples))
	for i := range examples {
		keys[i], from[i] = contentKey(&examples[i]), int32(i)
	}
	slices.SortStableFunc(from, func(a, b int32) int {
		return cmp.Or(bytes.Compare(keys[a][:], keys[b][:]), 0)
	})
	p.Rows = make([]Row, len(examples))
	for i, at := range from {
		e := &examples[at]
		r := &p.Rows[i]
		*r = Row{Instruction: e.Instruction(), Input: e.Input(), Output: e.Output(), Prompt: e.Prompt(), Turns: e.Turns}
		var cut1, cut2 bool
		r.PromptWords, cut1 = p.split(r.Prompt)
		r.OutputWords, cut2 = p.split(r.Output)
		if cut1 || cut2 || len(r.Prompt) > maxBytes || len(r.Output) > maxBytes {
			long++
		}
	}
	return p, from, long
}

// contentKey orders rows by what they say and nothing else.
func contentKey(e *corpus.Example) (d [32]byte) {
	h := sha256.New()
	for _, t := range e.Turns {
		h.Write([]byte(t.Role))
		h.Write([]byte{0})
		h.Write([]byte(t.Text))
		h.Write([]byte{0})
	}
	h.Write([]byte(e.Instruction())) // the same words may divide otherwise
	h.Sum(d[:0])
	return d
}

// split cuts text into words: between white space, without sentence marks at their end, in lower case.
func (p *Pool) split(text string) (out []uint32, cut bool) {
	for len(text) > 0 {
		i := 0
		for i < len(text) {
			r, size := utf8.DecodeRuneInString(text[i:])
			if !unicode.IsSpace(r) {
				break
			}
			i += size
		}
		text = text[i:]
		if end := strings.IndexFunc(text, unicode.IsSpace); end >= 0 {
			i = end
		} else {
			i = len(text)
		}
		word := strings.TrimRight(text[:i], ".,:;?!\"'")
		text = text[i:]
		if word == "" {
			continue
		}
		if len(out) == maxWords {
			return out, true
		}
		if len(word) > 64 {
			word = strings.ToValidUTF8(word[:64], "")
		}
		out = append(out, p.id(strings.ToLower(word)))
	}
	return out, false
}

func (p *Pool) id(word string) uint32 {
	id, ok := p.vocab[word]
	if !ok {
		id = uint32(len(p.words))
		word = strings.Clone(word)
		p.vocab[word] = id
		p.words = append(p.words, word)
	}
	return id
}

// phrase spells words.
func (p *Pool) phrase(ids []uint32) string {
	var parts []string
	for _, id := range ids {
		parts = append(parts, p.words[id])
	}
	return strings.Join(parts, " ")
}

// quote shows a text in a reason: one line, at most n characters, with characters that cannot be seen written out.
func quote(s string, n int) string {
	var b strings.Builder
	b.WriteByte('"')
	k := 0
	for _, r := range s {
		if k++; k > n {
			b.WriteString("…")
			break
		}
		if unicode.IsGraphic(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	b.WriteByte('"')
	return b.String()
}
