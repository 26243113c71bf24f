package notebook

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/printer"
	"io"
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
	pieces, err := s.declarations()
	if err != nil {
		return err
	}
	for n := range s.Cells {
		c := &s.Cells[n]
		tell(Event{Cell: n})
		if c.Markdown {
			tell(Event{Cell: n, Ended: true})
			continue
		}
		code := []string{s.padded(c)}
		if n == 0 {
			code = pieces
		}
		for _, src := range code {
			stderr.Reset()
			if err := eval(i, src); err != nil {
				err = s.explain(err, stderr.String(), c)
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

// declarations are the imports, then everything else outside main, each to be evaluated in turn.
func (s *Script) declarations() (pieces []string, err error) {
	show := func(n any) error {
		var b bytes.Buffer
		if err := printer.Fprint(&b, s.fset, n); err != nil {
			return err
		}
		pieces = append(pieces, b.String())
		return nil
	}
	for _, imports := range []bool{true, false} {
		for _, d := range s.ast.Decls {
			g, ok := d.(*ast.GenDecl)
			isImport := ok && len(g.Specs) > 0 && isImportSpec(g.Specs[0])
			if isImport != imports || d == ast.Decl(s.main()) {
				continue
			}
			if err := show(d); err != nil {
				return nil, err
			}
		}
	}
	return pieces, nil
}

func isImportSpec(s ast.Spec) bool { _, ok := s.(*ast.ImportSpec); return ok }

// padded is a cell's source with its lines where the file has them.
func (s *Script) padded(c *Cell) string {
	if len(c.stmts) == 0 {
		return ""
	}
	first, last := s.fset.Position(c.stmts[0].Pos()), s.fset.Position(c.stmts[len(c.stmts)-1].End())
	text := strings.Join(s.lines, "\n")
	return strings.Repeat("\n", first.Line-1) + text[first.Offset:last.Offset]
}

var position = regexp.MustCompile(`^(?:_\.go:|[^:\s]*:)?(\d+):(\d+): (.*)$`)

// explain puts the script's file and line before an interpreter's error.
func (s *Script) explain(err error, stderr string, c *Cell) error {
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
	if line == 0 || line > len(s.lines) {
		line = c.Line
	}
	return fmt.Errorf("%s:%d: %s", s.File, line, strings.TrimPrefix(text, "panic: "))
}
