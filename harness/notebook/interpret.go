package notebook

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/traefik/yaegi/interp" // the interpreter that the project was asked to use

	"theriac/harness/lab"
	"theriac/harness/notebook/symbols"
)

// Event is what the child tells its parent: a cell begins or ends, or the script shows something.
type Event struct {
	Cell   int         `json:"cell"`
	Ended  bool        `json:"ended,omitempty"`
	Failed string      `json:"failed,omitempty"`
	Output *lab.Output `json:"output,omitempty"`
}

// interpret runs a checked script cell by cell and tells what happens. It stops at the first cell that fails, and gives its error.
func interpret(s *Script, tell func(Event)) error {
	var stderr bytes.Buffer
	i := interp.New(interp.Options{Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: &stderr, Env: []string{}})
	if err := i.Use(symbols.Symbols); err != nil {
		return err
	}
	file, err := filepath.Abs(s.File)
	if err != nil {
		return err
	}
	if err := i.Use(ownSymbols(file)); err != nil {
		return err
	}
	for n := range s.Cells {
		c := &s.Cells[n]
		tell(Event{Cell: n})
		if c.Markdown {
			tell(Event{Cell: n, Ended: true})
			continue
		}
		code := s.declarations()
		if n > 0 {
			code = code[:0]
			for _, st := range c.stmts {
				code = append(code, s.padded(st))
			}
		}
		for k, src := range code {
			stderr.Reset()
			if err := eval(i, src); err != nil {
				from, to := c.Line, len(s.lines)
				if n > 0 {
					from, to = s.line(c.stmts[k].Pos()), s.line(c.stmts[k].End())
				}
				err = s.explain(err, stderr.String(), from, to)
				tell(Event{Cell: n, Ended: true, Failed: err.Error()})
				return err
			}
		}
		tell(Event{Cell: n, Ended: true})
	}
	return nil
}

// eval evaluates source; a panic is its error.
func eval(i *interp.Interpreter, src string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	if strings.TrimSpace(src) == "" {
		return nil
	}
	_, err = i.Eval(src)
	return err
}

// declarations are the imports, then everything else outside main, with its lines where the file has them.
func (s *Script) declarations() []string {
	imports, rest := &padder{s: s}, &padder{s: s}
	for _, d := range s.ast.Decls {
		g, ok := d.(*ast.GenDecl)
		switch {
		case ok && len(g.Specs) > 0 && isImportSpec(g.Specs[0]):
			imports.add(d)
		case d != ast.Decl(s.main()):
			rest.add(d)
		}
	}
	return []string{"import \"" + ownPackage + "\"", imports.text.String(), rest.text.String()}
}

func isImportSpec(s ast.Spec) bool { _, ok := s.(*ast.ImportSpec); return ok }

// padder puts pieces of the file at the lines where they stand.
type padder struct {
	s    *Script
	text strings.Builder
	line int // that the text has reached, from 0
}

func (p *padder) add(n ast.Node) {
	first, last := p.s.fset.Position(n.Pos()), p.s.fset.Position(n.End())
	if gap := first.Line - 1 - p.line; gap > 0 || p.line == 0 {
		p.text.WriteString(strings.Repeat("\n", gap))
	} else {
		p.text.WriteString("; ")
	}
	p.text.WriteString(p.s.text(first.Offset, last.Offset))
	p.line = last.Line - 1
}

// padded is a statement with its lines where the file has them. Statements are evaluated one by one, so that an error has the line of its own.
func (s *Script) padded(st ast.Stmt) string {
	first, last := s.fset.Position(st.Pos()), s.fset.Position(st.End())
	return strings.Repeat("\n", first.Line-1) + s.text(first.Offset, last.Offset)
}

var position = regexp.MustCompile(`^(?:_\.go:|[^:\s]*:)?(\d+):(\d+): (.*)$`)

// explain puts the script's file and line before an interpreter's error: the line that the interpreter names if it is one of the statement's,
// from to to, or else the statement's first; what happened within a function of the script's is said to.
func (s *Script) explain(err error, stderr string, from, to int) error {
	line := 0
	for _, l := range strings.Split(stderr, "\n") { // where a panic passed, innermost first
		if m := position.FindStringSubmatch(strings.TrimSpace(l)); m != nil {
			line, _ = strconv.Atoi(m[1])
			break
		}
	}
	text := err.Error()
	var p interp.Panic
	if errors.As(err, &p) {
		text = fmt.Sprint(p.Value)
	}
	text = firstLine(strings.TrimSpace(text))
	if m := position.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = m[3]
	}
	text = strings.TrimPrefix(text, "panic: ")
	if line < from || line > to {
		if f := s.function(line); f != "" {
			text += " (in " + f + ")"
		}
		line = from
	}
	return fmt.Errorf("%s:%d: %s", s.File, line, text)
}

// function is the name of the function that a line belongs to, but for main.
func (s *Script) function(line int) string {
	for _, d := range s.ast.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f != s.main() && s.line(f.Pos()) <= line && line <= s.line(f.End()) {
			return "func " + f.Name.Name
		}
	}
	return ""
}
