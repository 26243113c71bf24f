package report

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/template/parse"
)

// Names that hold digits and are no numbers.
var (
	names     = regexp.MustCompile(`\b(ED50|ED90|Phi-2|LoRA|AUROC|SHA-256|AVX2|Markdown|H[1-9])\b`)
	codeBlock = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	bare      = regexp.MustCompile(`(?i)[0-9]+([.,][0-9]+)*|\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundreds?|thousands?|dozens?|half|twice|percent|per cent)\b`)
)

// Lint finds numbers that are typed into a template's prose: digits and number words outside of
// calls, code spans and names such as ED50; literals printed as they are; and calls of functions
// that could print one. Its error names the first, by line.
func Lint(text string) error {
	known := map[string]any{}
	for name := range functions(nil) {
		known[name] = struct{}{}
	}
	for _, name := range []string{"and", "or", "not", "eq", "ne", "len"} {
		known[name] = struct{}{}
	}
	t := parse.New("template.md")
	t.Mode = parse.SkipFuncCheck
	if _, err := t.Parse(text, "", "", map[string]*parse.Tree{}); err != nil {
		return fmt.Errorf("template.md: %w", err)
	}
	l := linter{text: text, known: known}
	l.node(t.Root)
	// Code spans may hold calls, so prose is what is left of the whole text.
	prose := blank(text, regexp.MustCompile(`(?s)\{\{.*?\}\}`))
	prose = blank(blank(prose, codeBlock), names)
	if at := bare.FindStringIndex(prose); at != nil {
		l.add(at[0], fmt.Sprintf("%q is typed into the prose; want a call that looks it up", prose[at[0]:at[1]]))
	}
	if len(l.found) == 0 {
		return nil
	}
	slices.SortStableFunc(l.found, func(a, b finding) int { return a.at - b.at })
	f := l.found[0]
	return fmt.Errorf("template.md:%d: %s", 1+strings.Count(text[:f.at], "\n"), f.what)
}

// blank overwrites matches with spaces, so that positions stay.
func blank(s string, re *regexp.Regexp) string {
	return re.ReplaceAllStringFunc(s, func(m string) string {
		b := []byte(m)
		for i := range b {
			if b[i] != '\n' {
				b[i] = ' '
			}
		}
		return string(b)
	})
}

type finding struct {
	at   int
	what string
}

type linter struct {
	text  string
	known map[string]any
	found []finding
}

func (l *linter) add(at int, what string) {
	l.found = append(l.found, finding{min(at, len(l.text)), what})
}

// node walks the actions.
func (l *linter) node(n parse.Node) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, c := range n.Nodes {
				l.node(c)
			}
		}
	case *parse.ActionNode:
		l.pipe(n.Pipe, true)
	case *parse.IfNode:
		l.branch(&n.BranchNode)
	case *parse.RangeNode:
		l.branch(&n.BranchNode)
	case *parse.WithNode:
		l.branch(&n.BranchNode)
	}
}

func (l *linter) branch(b *parse.BranchNode) {
	l.pipe(b.Pipe, false)
	l.node(b.List)
	l.node(b.ElseList)
}

func (l *linter) pipe(p *parse.PipeNode, printed bool) {
	for _, c := range p.Cmds {
		for i, a := range c.Args {
			switch a := a.(type) {
			case *parse.NumberNode:
				l.add(int(a.Pos), fmt.Sprintf("the number %s is typed into a call; want a constant's function", a.Text))
			case *parse.StringNode:
				if i == 0 && printed {
					l.add(int(a.Pos), fmt.Sprintf("%s is printed as it is; want prose", a.Quoted))
				}
			case *parse.IdentifierNode:
				if _, ok := l.known[a.Ident]; !ok {
					l.add(int(a.Pos), fmt.Sprintf("function %q is not the report's", a.Ident))
				}
			case *parse.PipeNode:
				l.pipe(a, printed)
			}
		}
	}
}
