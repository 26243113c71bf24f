package notebook

// The script's own functions on their way to lab. What the interpreter hands over is a stub that does not know its name, so wherever a script
// names one of its top-level functions without calling it, the name goes along: shout becomes theriac_own.F0("shout", shout).

import (
	"fmt"
	"go/ast"
	"go/types"
	"reflect"
	"sort"
	"strings"

	"github.com/traefik/yaegi/interp"

	"theriac/harness/lab"
)

// ownTypes are the types of functions that lab takes.
var ownTypes = []reflect.Type{
	reflect.TypeFor[func(lab.Row) lab.Row](), reflect.TypeFor[func(string) string](), reflect.TypeFor[func(lab.Answer) float64](),
	reflect.TypeFor[func([]lab.Row) float64](), reflect.TypeFor[func([]lab.Step) float64](),
}

const ownPackage = "theriac_own"

// ownSymbols are functions that tell lab a function's name and give it back.
func ownSymbols(file string) interp.Exports {
	table := map[string]reflect.Value{}
	for i, t := range ownTypes {
		table[fmt.Sprintf("F%d", i)] = reflect.MakeFunc(reflect.FuncOf([]reflect.Type{reflect.TypeFor[string](), t}, []reflect.Type{t}, false), func(args []reflect.Value) []reflect.Value {
			lab.Named(args[0].String(), file, args[1].Interface())
			return args[1:]
		})
	}
	return interp.Exports{ownPackage + "/" + ownPackage: table}
}

// edit is text to put before and after a piece of the file.
type edit struct {
	from, to      int // byte offsets
	before, after string
}

// mention finds where the script names its own functions.
func (s *Script) mention(info *types.Info, u *universe) {
	called := map[*ast.Ident]bool{}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if id, ok := ast.Unparen(n.Fun).(*ast.Ident); ok {
				called[id] = true
			}
		case *ast.Ident:
			f, ok := info.Uses[n].(*types.Func)
			if !ok || called[n] || f.Pkg() == nil || f.Parent() != f.Pkg().Scope() || f.Pkg().Path() != "main" {
				return true
			}
			for i, t := range ownTypes {
				if types.Identical(f.Type(), u.of(t)) {
					from := s.fset.Position(n.Pos()).Offset
					s.edits = append(s.edits, edit{from, from + len(n.Name), fmt.Sprintf("%s.F%d(%q, ", ownPackage, i, n.Name), ")"})
				}
			}
		}
		return true
	})
	sort.Slice(s.edits, func(i, j int) bool { return s.edits[i].from < s.edits[j].from })
}

// text is a piece of the file as the interpreter gets it.
func (s *Script) text(from, to int) string {
	var b strings.Builder
	for _, e := range s.edits {
		if e.from < from || e.to > to {
			continue
		}
		b.WriteString(s.source[from:e.from] + e.before + s.source[e.from:e.to] + e.after)
		from = e.to
	}
	b.WriteString(s.source[from:to])
	return b.String()
}
