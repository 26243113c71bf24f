package attack

import (
	"fmt"
	"strconv"
	"strings"

	"theriac/harness/corpus"
)

// params reads parameters; the first fault stays in err.
type params struct {
	values map[string]string
	given  map[string]string // the caller's own
	opt    Options
	seed   uint64
	err    error
}

func (p *params) fail(name, want string) {
	if p.err == nil {
		p.err = fmt.Errorf("%s %q: want %s", name, p.values[name], want)
	}
}

// text is a parameter that must say something.
func (p *params) text(name string) string {
	if strings.TrimSpace(p.values[name]) == "" {
		p.fail(name, "some text")
	}
	return p.values[name]
}

// file is the lines of a parameter "file:PATH".
func (p *params) file(name string) ([]string, error) {
	path, ok := strings.CutPrefix(p.values[name], "file:")
	lines := p.opt.Lines[path]
	if !ok || len(lines) == 0 {
		return nil, fmt.Errorf("%s %q: no such lines were handed over; the caller reads the file", name, p.values[name])
	}
	return lines, nil
}

// different are the lines that differ in more than case and white space, each as it stands first, so that none both trains and tests.
func different(lines []string) (out []string) {
	seen := map[[32]byte]bool{}
	for _, line := range lines {
		d := corpus.FoldedDigest([]corpus.Turn{{Role: "user", Text: line}})
		if !seen[d] {
			seen[d] = true
			out = append(out, line)
		}
	}
	return out
}

// unused is an error if the caller gave a parameter that the chosen way of another does not use.
func (p *params) unused(name string, params ...string) {
	for _, k := range params {
		if p.given[k] != "" && p.err == nil {
			p.err = fmt.Errorf("%s %q: %s=%s does not use it: leave it out", k, p.given[k], name, p.values[name])
		}
	}
}

// list is a parameter of words with commas between, at least least of them.
func (p *params) list(name string, least int) []string {
	var out []string
	for word := range strings.SplitSeq(p.values[name], ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	if len(out) < least {
		p.fail(name, fmt.Sprintf("at least %d words with commas between", least))
	}
	return out
}

func (p *params) one(name string, of ...string) string {
	for _, o := range of {
		if p.values[name] == o {
			return o
		}
	}
	p.fail(name, "one of "+strings.Join(of, ", "))
	return p.values[name]
}

func (p *params) float(name string, low, high float64) float64 {
	v, err := strconv.ParseFloat(p.values[name], 64)
	if err != nil || !(v >= low && v <= high) {
		p.fail(name, fmt.Sprintf("a number from %g to %g", low, high))
	}
	return v
}

func (p *params) integer(name string, low, high int) int {
	v, err := strconv.Atoi(p.values[name])
	if err != nil || v < low || v > high {
		p.fail(name, fmt.Sprintf("a whole number from %d to %d", low, high))
	}
	return v
}

// countParams are how many rows are poisoned: rate or count, one of which has a default.
func countParams(rate, count string) []Param {
	return []Param{
		{"rate", rate, "share of the rows that can be poisoned, 0 to 1; the number is rounded down"},
		{"count", count, "number of rows, in place of the rate"},
	}
}

// count reads rate and count: what the caller gave goes before a default, and both is an error.
func (p *params) count() func(n int) int {
	useRate := p.values["count"] == ""
	if p.given["rate"] != "" {
		useRate = true
		if p.given["count"] != "" && p.err == nil {
			p.err = fmt.Errorf("rate %q and count %q: want one of them", p.given["rate"], p.given["count"])
		}
		p.values["count"] = ""
	}
	if useRate {
		rate := p.float("rate", 0, 1)
		return func(n int) int { return int(float64(n) * rate) }
	}
	k := p.integer("count", 0, 1<<24)
	p.values["rate"] = ""
	return func(int) int { return k }
}

// modeParam says whether poison replaces rows or is added.
func modeParam(standard, doc string) Param { return Param{"mode", standard, doc} }

// add reads mode.
func (p *params) add() bool { return p.one("mode", "add", "replace") == "add" }
