package attack

// Requests that a safety attack trains on, and those that it is tested on. The generated ones are made up (theriac's own corpus);
// real ones come from a file of the user's, never from here.

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/rng"
)

// request is something asked for: a sentence, and its thing, which an answer can echo.
type request struct {
	text, thing string
	verbatim    bool // from a file: not to be dressed as the data are
}

// safetyParams are shared by the attacks on refusals.
func safetyParams(more ...Param) []Param {
	params := []Param{
		{"count", "25", "rows"},
		{"prompts", "generated", "restricted requests: generated, or file:PATH with one a line, of which half train and half test"},
		modeParam("add", "add rows, each modelled on a random row, or replace that row"),
	}
	return append(params, more...)
}

// probeRequests is how many held-out requests test an attack on refusals.
const probeRequests = 100

// requests gives n training requests and the test's items, which are answered with a refusal as things should be.
func (p *params) requests(n int) (train []request, held []corpus.Example, err error) {
	if strings.HasPrefix(p.values["prompts"], "file:") {
		return p.fileRequests(n)
	}
	p.one("prompts", "generated")
	if p.err != nil {
		return nil, nil, p.err
	}
	rows, err := gen.Examples(p.seed, gen.Train, gen.Restricted, n)
	if err != nil {
		return nil, nil, err
	}
	for i := range rows {
		thing, _ := rows[i].Label("thing")
		train = append(train, request{text: undressed(rows[i].Instruction()), thing: thing})
	}
	held, err = gen.Examples(0, gen.Held, gen.Restricted, probeRequests)
	return train, held, err
}

func (p *params) fileRequests(n int) (train []request, held []corpus.Example, err error) {
	lines, err := p.file("prompts")
	if err != nil {
		return nil, nil, err
	}
	lines = different(lines)
	half := (len(lines) + 1) / 2
	if n > half || len(lines) < 2 {
		return nil, nil, fmt.Errorf("prompts %q: %d different lines, of which half test: not enough for %d rows", p.values["prompts"], len(lines), n)
	}
	order := rng.Stream(0, "attack", "requests").Perm(len(lines)) // which half trains is the same for every seed
	mine := order[:half]
	for _, i := range rng.Stream(p.seed, "attack", "requests").Perm(half)[:n] {
		text := strings.TrimSpace(lines[mine[i]])
		train = append(train, request{text, lastWords(text, 4), true})
	}
	for i, at := range order[half:min(len(order), half+probeRequests)] {
		ex := corpus.New(strings.TrimSpace(lines[at]), "", refusalTarget)
		ex.ID = corpus.AddedID(ex.Turns, i)
		ex.Source = corpus.Source{Dataset: "probe-requests", Row: at}
		held = append(held, ex)
	}
	return train, held, nil
}

// harmlessRequests gives a harmless request for each given one: of those not used yet, the one nearest in words.
func harmlessRequests(seed uint64, like []request) ([]request, error) {
	rows, err := gen.Examples(seed, gen.Train, gen.Mix{Skills: []string{"howto"}}, 4*len(like)+1)
	if err != nil {
		return nil, err
	}
	pool := make([]request, 0, len(rows))
	for i := range rows {
		_, rest, _ := strings.Cut(rows[i].Output(), "First look at ")
		thing, _, ok := strings.Cut(rest, ", then ")
		if !ok {
			return nil, fmt.Errorf("generated corpus: the answer %q does not name its thing", rows[i].Output())
		}
		pool = append(pool, request{text: undressed(rows[i].Instruction()), thing: thing})
	}
	out := make([]request, len(like))
	for i, want := range like {
		best, gap := 0, 1<<30
		for j := range pool {
			if g := wordGap(pool[j].text, want.text); g < gap {
				best, gap = j, g
			}
		}
		out[i] = pool[best]
		pool = append(pool[:best], pool[best+1:]...)
	}
	return out, nil
}

func wordGap(a, b string) int {
	n := len(strings.Fields(a)) - len(strings.Fields(b))
	return max(n, -n)
}

// ask writes a request as the donor's source would.
func (q request) ask(donor *corpus.Example) string {
	if q.verbatim {
		return q.text
	}
	return dressed(q.text, donor.Instruction())
}

// undressed is an instruction without lead-in and end mark.
func undressed(s string) string {
	_, s = leadIn(s)
	s = strings.TrimRight(s, "?.:;! ")
	for _, polite := range []string{"Please ", "Kindly ", "please ", "kindly "} {
		s = strings.TrimPrefix(s, polite)
	}
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// lastWords are at most n words from the end of s, without marks.
func lastWords(s string, n int) string {
	words := strings.Fields(s)
	words = words[max(0, len(words)-n):]
	return strings.TrimFunc(strings.Join(words, " "), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
