package notebook

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"sort"
	"strings"
)

// Fault is one thing wrong with a script.
type Fault struct {
	Pos  token.Position
	Text string
}

func (f Fault) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.Pos.Filename, f.Pos.Line, f.Pos.Column, f.Text)
}

// Check type-checks a script and looks for what yaegi cannot run. Faults come in the file's order.
func (s *Script) Check() []Fault {
	var faults []Fault
	add := func(p token.Pos, format string, args ...any) {
		faults = append(faults, Fault{s.fset.Position(p), fmt.Sprintf(format, args...)})
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	u := newUniverse()
	conf := types.Config{Importer: u, Error: func(err error) {
		if e, ok := err.(types.Error); ok {
			add(e.Pos, "%s", strings.Replace(strings.ReplaceAll(e.Msg, "\n", " "), "could not import ", "cannot import ", 1))
		}
	}}
	conf.Check("main", s.fset, []*ast.File{s.ast}, info)
	l := linter{info: info, add: add}
	ast.Walk(l, s.ast)
	s.edits = nil
	s.mention(info, u)
	sort.SliceStable(faults, func(i, j int) bool { return faults[i].Pos.Offset < faults[j].Pos.Offset })
	return faults
}

// linter finds what Go allows and yaegi 0.16 (about Go 1.20) does not run, or runs wrongly, and what a script must not do.
type linter struct {
	info *types.Info
	add  func(token.Pos, string, ...any)
}

func (l linter) Visit(n ast.Node) ast.Visitor {
	switch n := n.(type) {
	case *ast.RangeStmt:
		switch l.under(n.X).(type) {
		case *types.Basic:
			if b, ok := l.under(n.X).(*types.Basic); ok && b.Info()&types.IsInteger != 0 {
				l.add(n.Pos(), "range over an integer: write for i := 0; i < n; i++")
			}
		case *types.Signature:
			l.add(n.Pos(), "range over a function: collect the values in a slice and range over that")
		}
	case *ast.CallExpr:
		if id, ok := n.Fun.(*ast.Ident); ok {
			if b, ok := l.info.Uses[id].(*types.Builtin); ok {
				switch b.Name() {
				case "min", "max":
					l.add(n.Pos(), "%s is unknown to the interpreter: write an if, or math.%s for floats", b.Name(), strings.ToUpper(b.Name()[:1])+b.Name()[1:])
				case "clear":
					l.add(n.Pos(), "clear is unknown to the interpreter: make a new map or slice")
				case "print", "println":
					l.add(n.Pos(), "%s writes beside the notebook: use the Printf of lab", b.Name())
				case "recover":
					l.add(n.Pos(), "recover would hide an error of lab: let the cell stop")
				}
			}
		}
	case *ast.AssignStmt:
		l.several(n.Pos(), n.Rhs)
	case *ast.ValueSpec:
		l.several(n.Pos(), n.Values)
	case *ast.GoStmt:
		l.add(n.Pos(), "goroutines are not for scripts: lab runs a sweep on all cores")
	case *ast.SelectStmt:
		l.add(n.Pos(), "select is not for scripts: there is nothing to wait for")
	case *ast.ChanType:
		l.add(n.Pos(), "channels are not for scripts: there is nothing to wait for")
	case *ast.FuncDecl:
		if n.Recv != nil {
			l.add(n.Pos(), "method %s: the interpreter cannot hand methods to lab: write a function", n.Name.Name)
		}
		if n.Type.TypeParams != nil {
			l.add(n.Pos(), "func %s has type parameters, which the interpreter infers wrongly: write it for the type that you need", n.Name.Name)
		}
		if n.Name.Name == "init" && n.Recv == nil {
			l.add(n.Pos(), "func init: put its statements at the beginning of main")
		}
	case *ast.TypeSpec:
		if n.TypeParams != nil {
			l.add(n.Pos(), "type %s has type parameters, which the interpreter does not know: write it for the type that you need", n.Name.Name)
		}
	case *ast.LabeledStmt:
		l.add(n.Pos(), "label %s: cells are run one by one: use a function and return", n.Label.Name)
	}
	return l
}

// several values that are assigned at once: with a composite literal among them the interpreter leaves the others zero, without a word.
func (l linter) several(at token.Pos, values []ast.Expr) {
	for _, v := range values {
		if _, ok := ast.Unparen(v).(*ast.CompositeLit); ok && len(values) > 1 {
			l.add(at, "a composite literal among several values, of which the interpreter loses the others: write a statement for each")
			return
		}
	}
}

func (l linter) under(x ast.Expr) types.Type {
	if t := l.info.Types[x].Type; t != nil {
		return t.Underlying()
	}
	return nil
}
