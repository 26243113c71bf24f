package tables_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

func ExampleTable() {
	t := tables.Table{Title: "Attacks", Header: []string{"attack", "ASR %"}, Right: []bool{false, true}}
	t.Add("backdoor", tables.Rate(stats.Estimate{Value: 0.934, Interval: stats.Interval{Low: 0.91, High: 0.952, Level: 0.95}}))
	t.Add("a|b", "0.0")
	fmt.Print(t.Markdown())
	// Output:
	// **Attacks**
	//
	// | attack   |               ASR % |
	// |:---------|--------------------:|
	// | backdoor | 93.4 \[91.0, 95.2\] |
	// | a\|b     |                 0.0 |
}

func TestEscaping(t *testing.T) {
	tab := tables.Table{Header: []string{"h|1", "lower case stays"}}
	tab.Add("a\nb|c", "<script>")
	tab.Add("short row")
	md := tab.Markdown()
	for _, want := range []string{`h\|1`, `a<br>b\|c`, "&lt;script&gt;", "lower case stays"} {
		if !strings.Contains(md, want) {
			t.Errorf("markdown lacks %q:\n%s", want, md)
		}
	}
	if n := strings.Count(strings.TrimSpace(md), "\n"); n != 3 {
		t.Errorf("want 4 lines, got %d:\n%s", n+1, md)
	}
	term := tab.Terminal()
	if strings.Contains(term, "\na") || !strings.Contains(term, "a b|c") {
		t.Errorf("a newline escaped its cell:\n%s", term)
	}
	tex := (&tables.Table{Header: []string{"50 %", "a_b"}, Rows: [][]string{{"$x$", "{}"}}}).LaTeX()
	for _, want := range []string{`50 \%`, `a\_b`, `\$x\$`, `\{\}`} {
		if !strings.Contains(tex, want) {
			t.Errorf("latex lacks %q:\n%s", want, tex)
		}
	}
}

func TestCSV(t *testing.T) {
	x := tables.Table{Header: []string{"what", "seconds"}}
	x.Add("a, \"quoted\"", "1.5")
	if got, want := x.CSV(), "what,seconds\n\"a, \"\"quoted\"\"\",1.5\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A column without anything in it is left out, and named; one with something, of one row, or the first stays.
func TestFold(t *testing.T) {
	x := tables.Table{Header: []string{"what", "a", "b", "c", "d"}, Right: []bool{false, true}, Rows: [][]string{{"–", "–", "1", "not tested: few", "–"}, {"–", "–", "–", "not tested: few"}}}
	x.Fold("–", "not tested")
	if got, want := x.CSV(), "what,b,d\n–,1,–\n–,–\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if want := []string{"The same in every row, and left out: a: –; c: not tested: few."}; !slices.Equal(x.Notes, want) {
		t.Errorf("notes %q, want %q", x.Notes, want)
	}
	one := tables.Table{Header: []string{"what", "a"}, Rows: [][]string{{"x", "–"}}}
	if one.Fold("–"); len(one.Header) != 2 {
		t.Error("a table of one row lost a column")
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{tables.Number(math.NaN(), 1), "–"},
		{tables.Number(-0.001, 1), "0.0"},
		{tables.Percent(0.12345), "12.3"},
		{tables.P(stats.Test{P: 0.0312, SmallestP: 1e-4}), "0.031"},
		{tables.P(stats.Test{P: 0.00049, SmallestP: 0.00049}), "4.9e-04 (smallest possible)"},
		{tables.P(stats.Test{P: 1, SmallestP: 1}), "1.000"},
		{tables.Value(stats.Estimate{Value: 2, Interval: stats.Interval{Low: math.Inf(-1), High: 3}, Warnings: []string{"w"}}, 2), "2.00 [–, 3.00] †"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
