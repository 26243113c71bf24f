package token

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token that is matched in the text before anything else.
type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

type addedTokens struct {
	list  []addedToken // by id
	first [256][]int   // by first byte, longest first
	isID  map[int32]bool
}

func (a *addedTokens) index(where string) error {
	slices.SortFunc(a.list, func(x, y addedToken) int { return int(x.ID) - int(y.ID) })
	a.isID = map[int32]bool{}
	for i, t := range a.list {
		if t.Content == "" {
			return fmt.Errorf("%s: added token %d is empty", where, t.ID)
		}
		if t.SingleWord {
			return fmt.Errorf("%s: added token %q has single_word, which theriac does not know", where, t.Content)
		}
		a.isID[t.ID] = true
		a.first[t.Content[0]] = append(a.first[t.Content[0]], i)
	}
	for _, l := range a.first {
		slices.SortStableFunc(l, func(x, y int) int { return len(a.list[y].Content) - len(a.list[x].Content) })
	}
	return nil
}

func (a *addedTokens) has(id int32) bool { return a.isID[id] }

// find gives the leftmost added token, the longest of those that begin there: the text it takes with
// the spaces it strips, and its id. Without one it gives len(text), len(text), -1.
func (a *addedTokens) find(text string) (start, end int, id int32) {
	if len(a.list) == 0 {
		return len(text), len(text), -1
	}
	for i := range len(text) {
		for _, at := range a.first[text[i]] {
			t := &a.list[at]
			if !strings.HasPrefix(text[i:], t.Content) {
				continue
			}
			start, end = i, i+len(t.Content)
			if t.LStrip {
				start = len(strings.TrimRightFunc(text[:start], unicode.IsSpace))
			}
			for t.RStrip && end < len(text) {
				r, n := utf8.DecodeRuneInString(text[end:])
				if !unicode.IsSpace(r) {
					break
				}
				end += n
			}
			return start, end, t.ID
		}
	}
	return len(text), len(text), -1
}
