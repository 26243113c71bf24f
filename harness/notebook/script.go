package notebook

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Script is a parsed script.
type Script struct {
	Name  string // the directory's
	File  string // as the user knows it, for errors
	Cells []Cell // cell 0 holds imports and declarations
	fset  *token.FileSet
	ast   *ast.File
	lines []string

	source string
	edits  []edit // that Check finds the interpreter to need, in order
}

// Cell is one cell of a script.
type Cell struct {
	Markdown bool
	Line     int    // of its first line in the file, from 1
	Source   string // as the file has it, without main's indentation; of Markdown, its text
	stmts    []ast.Stmt
}

var boundary = regexp.MustCompile(`^\s*// ?%%(.*)$`)

// Parse reads a script: dir/main.go.
func Parse(dir string) (*Script, error) {
	file := filepath.Join(dir, "main.go")
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w; an experiment is a directory with main.go (theriac new NAME writes one)", err)
	}
	return parseScript(filepath.Base(filepath.Clean(dir)), file, data)
}

func parseScript(name, file string, data []byte) (*Script, error) {
	s := &Script{Name: name, File: file, fset: token.NewFileSet(), lines: strings.Split(string(data), "\n"), source: string(data)}
	var err error
	if s.ast, err = parser.ParseFile(s.fset, file, data, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		return nil, fmt.Errorf("%s", firstLine(err.Error()))
	}
	main := s.main()
	if s.ast.Name.Name != "main" || main == nil || main.Body == nil {
		return nil, fmt.Errorf("%s: want package main with a func main", file)
	}
	open, end := s.line(main.Body.Lbrace), s.line(main.Body.Rbrace)
	if open == end {
		return nil, fmt.Errorf("%s:%d: main must span several lines, so that it can be cut into cells", file, open)
	}
	before, after := strings.Join(s.lines[:s.line(main.Pos())-1], "\n"), strings.Join(s.lines[end:], "\n")
	s.Cells = append(s.Cells, Cell{Line: 1, Source: strings.TrimRight(strings.TrimRight(before, "\n")+"\n\n"+strings.Trim(after, "\n"), "\n")})
	s.cut(open+1, end-1, main.Body.List)
	return s, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

func (s *Script) line(p token.Pos) int { return s.fset.Position(p).Line }

func (s *Script) main() *ast.FuncDecl {
	for _, d := range s.ast.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == "main" && f.Recv == nil {
			return f
		}
	}
	return nil
}

// cut makes cells of lines from to end of main's body.
func (s *Script) cut(from, end int, stmts []ast.Stmt) {
	inside := func(line int) bool { // a boundary inside a statement is a comment like any other
		for _, st := range stmts {
			if s.line(st.Pos()) < line && line <= s.line(st.End()) {
				return true
			}
		}
		return false
	}
	current := Cell{Line: from}
	var text []string
	flush := func() {
		current.Source = dedent(text, current.Markdown)
		if current.Source != "" {
			s.Cells = append(s.Cells, current)
		}
		text = nil
	}
	for line := from; line <= end; line++ {
		if m := boundary.FindStringSubmatch(s.lines[line-1]); m != nil && !inside(line) {
			flush()
			current = Cell{Line: line + 1, Markdown: strings.TrimSpace(m[1]) == "md"}
			continue
		}
		text = append(text, s.lines[line-1])
		for _, st := range stmts {
			if s.line(st.Pos()) == line {
				current.stmts = append(current.stmts, st)
			}
		}
	}
	flush()
}

// dedent takes away main's indentation; of Markdown also the comment marks.
func dedent(lines []string, markdown bool) string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = strings.TrimPrefix(l, "\t")
		if markdown {
			l = strings.TrimSpace(l)
			l = strings.TrimPrefix(strings.TrimPrefix(l, "//"), " ")
			out[i] = l
		}
	}
	return strings.Trim(strings.Join(out, "\n"), "\n \t")
}
