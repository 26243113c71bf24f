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
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}, Scopes: map[ast.Node]*types.Scope{}}
	u := newUniverse()
	conf := types.Config{Importer: u, Error: func(err error) {
		if e, ok := err.(types.Error); ok {
			add(e.Pos, "%s", strings.Replace(strings.ReplaceAll(e.Msg, "\n", " "), "could not import ", "cannot import ", 1))
		}
	}}
	conf.Check("main", s.fset, []*ast.File{s.ast}, info)
	l := linter{info: info, add: add}
	ast.Walk(l, s.ast)
	l.blocks(s.main())
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
		if n.Tok == token.ASSIGN {
			l.mixed(n.Pos(), n.Rhs)
		}
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

// mixed: several values that are assigned at once to what exists: where some are calls, the interpreter leaves the others zero, without a word.
func (l linter) mixed(at token.Pos, values []ast.Expr) {
	calls, other := false, false
	for _, v := range values {
		if c, ok := ast.Unparen(v).(*ast.CallExpr); !ok || l.info.Types[c.Fun].IsType() {
			other = true
		}
		ast.Inspect(v, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok && !l.info.Types[c.Fun].IsType() {
				calls = true
			}
			return true
		})
	}
	if len(values) > 1 && calls && other {
		l.add(at, "a call among several values, of which the interpreter loses the others: write a statement for each")
	}
}

// blocks looks at those of cells, which the interpreter runs outside any function: there it loses the names that one expression defines several
// of and the types that are declared, and takes a name for the one of the same name around it.
func (l linter) blocks(main *ast.FuncDecl) {
	whole := map[ast.Node]bool{} // statements of the cells themselves, and what their ifs and switches call first
	for _, s := range main.Body.List {
		whole[s] = true
		for s != nil {
			var init ast.Stmt
			switch n := s.(type) {
			case *ast.IfStmt:
				init, s = n.Init, n.Else
			case *ast.SwitchStmt:
				init, s = n.Init, nil
			default:
				s = nil
			}
			if a, ok := init.(*ast.AssignStmt); ok && len(a.Rhs) == 1 {
				_, whole[init] = ast.Unparen(a.Rhs[0]).(*ast.CallExpr)
			}
		}
	}
	lost := func(at token.Pos, names, values int) {
		if names > 1 && values == 1 {
			l.add(at, "several names from one expression, in a block of a cell, where the interpreter loses them: write a function, or declare them before and assign with =")
		}
	}
	top := l.info.Scopes[main.Type]
	safe := map[*ast.Ident]bool{} // of range, which has its own
	ast.Inspect(main.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.FuncType:
			return false
		case *ast.RangeStmt:
			for _, x := range []ast.Expr{n.Key, n.Value} {
				if id, ok := x.(*ast.Ident); ok {
					safe[id] = true
				}
			}
		case *ast.TypeSwitchStmt:
			if _, ok := n.Assign.(*ast.AssignStmt); ok {
				l.add(n.Pos(), "a switch over types that gives the value a name, in a cell, where the interpreter cannot run it: write a function")
			}
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE && !whole[n] {
				lost(n.Pos(), len(n.Lhs), len(n.Rhs))
			}
		case *ast.DeclStmt:
			if g, ok := n.Decl.(*ast.GenDecl); ok && !whole[n] {
				for _, s := range g.Specs {
					switch s := s.(type) {
					case *ast.ValueSpec:
						lost(s.Pos(), len(s.Names), len(s.Values))
					case *ast.TypeSpec:
						l.add(s.Pos(), "a type declared in a block of a cell, where the interpreter does not find it: declare it outside main")
						return false
					}
				}
			}
		case *ast.Ident:
			o := l.info.Defs[n]
			if o == nil || safe[n] || o.Parent() == nil {
				break
			}
			_, other := o.Parent().Parent().LookupParent(n.Name, n.Pos())
			_, function := other.(*types.Func)
			if other != nil && (o.Parent() != top || function) {
				l.add(n.Pos(), "%s stands for something else around it, and in cells the interpreter takes the two for one: use another name", n.Name)
			}
		}
		return true
	})
}

func (l linter) under(x ast.Expr) types.Type {
	if t := l.info.Types[x].Type; t != nil {
		return t.Underlying()
	}
	return nil
}
