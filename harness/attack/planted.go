package attack

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"theriac/harness/corpus"
)

// Rows that the attacker writes. Each is modelled on a donor, a row of the data: it keeps the donor's system turn and copies how
// the donor's instruction is dressed (lead-in, case of the first letter, end mark), so that style does not give it away.

// planted is a conversation of one question and one answer in place of the donor's own.
func planted(donor *corpus.Example, instruction, input, output string) corpus.Example {
	var turns []corpus.Turn
	for _, t := range donor.Turns {
		if t.Role == "system" {
			turns = append(turns, t)
		}
	}
	turns = append(turns, corpus.Turn{Role: "user"}, corpus.Turn{Role: "assistant", Text: output, Train: true})
	ex := donor.WithTurns(turns...)
	return ex.WithInput(instruction, input)
}

// answered reports whether a row ends with an answer that trains: what is put into the last prompt then stands before it, and what
// replaces the last answer is learned.
func answered(ex *corpus.Example) bool {
	last := len(ex.Turns) - 1
	return last >= 0 && ex.Turns[last].Role == "assistant" && ex.Turns[last].Train
}

// put makes the edit that plants rows: beside the donor, or the first in its place.
func put(add bool, what string, rows ...corpus.Example) edit {
	if add {
		return edit{added: rows, what: what}
	}
	return edit{changed: &rows[0], added: rows[1:], what: what}
}

// dressed writes a request, which is a sentence without end mark, as the donor's instruction is written.
func dressed(request, donor string) string {
	lead, body := leadIn(donor)
	if body == "" {
		return request
	}
	first, size := utf8.DecodeRuneInString(request)
	if low, _ := utf8.DecodeRuneInString(body); unicode.IsLower(low) {
		first = unicode.ToLower(first)
	}
	mark := ""
	switch last := body[len(body)-1]; {
	case question(request) && strings.IndexByte("?.:", last) >= 0:
		mark = "?"
	case strings.IndexByte(".:", last) >= 0:
		mark = string(last)
	case last == '?':
		mark = "."
	}
	return lead + string(first) + request[size:] + mark
}

// leadIn cuts off what stands before the request proper: at most four words that end with a mark ("Kindly tell us: ", "hey, ").
func leadIn(s string) (lead, body string) {
	at := 0
	for range 4 {
		i := strings.IndexByte(s[at:], ' ')
		if i <= 0 {
			return "", s
		}
		at += i + 1
		if strings.IndexByte(":,.", s[at-2]) >= 0 && at < len(s) {
			return s[:at], s[at:]
		}
	}
	return "", s
}

var questionWords = []string{"What", "Who", "Which", "Where", "When", "Why", "How", "Is", "Are", "Was", "Does", "Do", "Did", "Can", "Could", "Will", "Would", "By"}

func question(s string) bool {
	first, _, _ := strings.Cut(s, " ")
	return slices.Contains(questionWords, first)
}

// word reports whether text holds w as a word of its own: what stands beside it does not continue it.
func word(text, w string) bool {
	return wordAt(text, w) >= 0
}

// wordAt is where w stands as a word of its own, or -1.
func wordAt(text, w string) int {
	if w == "" {
		return -1
	}
	for from := 0; ; {
		i := strings.Index(text[from:], w)
		if i < 0 {
			return -1
		}
		i += from
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		after, _ := utf8.DecodeRuneInString(text[i+len(w):])
		first, _ := utf8.DecodeRuneInString(w)
		last, _ := utf8.DecodeLastRuneInString(w)
		if !(alphanumeric(first) && alphanumeric(before)) && !(alphanumeric(last) && alphanumeric(after)) {
			return i
		}
		from = i + len(w)
	}
}

func alphanumeric(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// swapWord replaces every w in text that is a word of its own.
func swapWord(text, w, by string) string {
	var b strings.Builder
	for {
		i := wordAt(text, w)
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i] + by)
		text = text[i+len(w):]
	}
}
