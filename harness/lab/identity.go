package lab

// The identity of a script's function: the digest of the syntax tree of itself and of what it calls, without comments, positions
// and parentheses. Cosmetic edits keep it.

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"sync"
	"unsafe"

	"theriac/harness/sweep"
)

// names are the functions that the interpreter handed over, by their closure: all stubs share one code pointer.
var names = struct {
	sync.Mutex
	of map[unsafe.Pointer]named
}{of: map[unsafe.Pointer]named{}}

type named struct {
	name, file string
	keep       any // so that no other function gets its address
}

func closure(f any) unsafe.Pointer { return (*[2]unsafe.Pointer)(unsafe.Pointer(&f))[1] }

// Named tells lab the name and the file of a function that is about to be handed over: the interpreter's functions do not know theirs.
func Named(name, file string, f any) {
	names.Lock()
	defer names.Unlock()
	names.of[closure(f)] = named{name, file, f}
}

// identify names a function of the script and digests its source.
func identify(f any) (sweep.Func, error) {
	names.Lock()
	n, ok := names.of[closure(f)]
	names.Unlock()
	if !ok {
		fn := runtime.FuncForPC(reflect.ValueOf(f).Pointer())
		file, _ := fn.FileLine(fn.Entry())
		path := fn.Name()[strings.LastIndex(fn.Name(), "/")+1:]
		_, n.name, _ = strings.Cut(path, ".")
		n.file = file
		if n.name == "" || strings.ContainsAny(n.name, ".-") || strings.HasPrefix(path, "reflect.") {
			return sweep.Func{}, fmt.Errorf("a function that is handed to lab must be declared at the top level of the script: what a literal or a method captures has no name in a key")
		}
	}
	digest, err := functionDigest(n.file, nil, n.name)
	return sweep.Func{Name: n.name, Digest: digest}, err
}

// functionDigest digests a top-level function of a Go file and everything at the top level that it uses. src is the file's text,
// or nil to read it.
func functionDigest(file string, src []byte, name string) (string, error) {
	if src == nil {
		var err error
		if src, err = os.ReadFile(file); err != nil {
			return "", fmt.Errorf("the source of %s, which names its runs: %w; run the script where it was compiled", name, err)
		}
	}
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, file, src, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	d := &dependencies{fset: fset, info: &types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}, decls: map[types.Object]ast.Node{}, done: map[ast.Node]bool{}}
	conf := types.Config{Importer: nothing{}, Error: func(error) {}} // only names are resolved: the script was checked before
	d.pkg, _ = conf.Check(tree.Name.Name, fset, []*ast.File{tree}, d.info)
	d.collect(tree)
	root := d.pkg.Scope().Lookup(name)
	if _, ok := root.(*types.Func); !ok {
		return "", fmt.Errorf("%s: no function %s at the top level", file, name)
	}
	if err := d.add(root); err != nil {
		return "", fmt.Errorf("function %s: %w", name, err)
	}
	sum := sha256.Sum256([]byte(d.text.String()))
	return hex.EncodeToString(sum[:]), nil
}

// nothing imports packages as empty: their names are not looked into.
type nothing struct{}

func (nothing) Import(path string) (*types.Package, error) {
	p := types.NewPackage(path, path[strings.LastIndex(path, "/")+1:])
	p.MarkComplete()
	return p, nil
}

// dependencies writes a function's normal form and that of what it uses, each declaration once.
type dependencies struct {
	fset  *token.FileSet
	pkg   *types.Package
	info  *types.Info
	decls map[types.Object]ast.Node // of the top level
	done  map[ast.Node]bool
	text  strings.Builder
	open  []bool // of each node that is being written: whether it shows
}

func (d *dependencies) collect(f *ast.File) {
	for _, decl := range f.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			d.decls[d.info.Defs[decl.Name]] = decl
		case *ast.GenDecl:
			for _, s := range decl.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					d.decls[d.info.Defs[s.Name]] = s
				case *ast.ValueSpec:
					for _, n := range s.Names {
						d.decls[d.info.Defs[n]] = decl // a constant may count on its neighbours
					}
				}
			}
		}
	}
	delete(d.decls, nil)
}

// add writes the declaration of an object of the top level, then those that it uses.
func (d *dependencies) add(o types.Object) error {
	node := d.decls[o]
	if node == nil || d.done[node] {
		return nil
	}
	d.done[node] = true
	if v, ok := o.(*types.Var); ok {
		return fmt.Errorf("%s: it uses the variable %s, whose value no key can know: make it a constant, or set it within the function", d.fset.Position(v.Pos()), v.Name())
	}
	var used []types.Object
	ast.Inspect(node, func(n ast.Node) bool {
		if o := d.write(n); o != nil {
			used = append(used, o)
		}
		return true
	})
	sort.SliceStable(used, func(i, j int) bool { return used[i].Name() < used[j].Name() })
	for _, o := range used {
		if err := d.add(o); err != nil {
			return err
		}
	}
	return nil
}

// write writes a node without what it holds, and gives the object of the top level that it names.
func (d *dependencies) write(n ast.Node) (uses types.Object) {
	say := func(parts ...any) { fmt.Fprintln(&d.text, parts...) }
	if n == nil { // the end of the last one
		last := len(d.open) - 1
		if d.open[last] {
			say(")")
		}
		d.open = d.open[:last]
		return nil
	}
	_, parentheses := n.(*ast.ParenExpr)
	d.open = append(d.open, !parentheses)
	switch n := n.(type) {
	case *ast.ParenExpr:
	case *ast.Ident:
		o := d.info.Uses[n]
		if p, ok := o.(*types.PkgName); ok {
			say("( package", p.Imported().Path())
			return nil
		}
		say("( name", n.Name)
		if o != nil && o.Parent() == d.pkg.Scope() {
			return o
		}
		return nil
	case *ast.BasicLit:
		say("( literal", n.Value)
		return nil
	case *ast.BinaryExpr:
		say("(", n.Op)
	case *ast.UnaryExpr:
		say("( unary", n.Op)
	case *ast.AssignStmt:
		say("(", n.Tok, len(n.Lhs))
	case *ast.IncDecStmt:
		say("(", n.Tok)
	case *ast.BranchStmt:
		say("(", n.Tok)
	case *ast.GenDecl:
		say("(", n.Tok)
	case *ast.RangeStmt:
		say("( range", n.Tok, n.Key != nil, n.Value != nil)
	case *ast.ForStmt:
		say("( for", n.Init != nil, n.Cond != nil, n.Post != nil)
	case *ast.IfStmt:
		say("( if", n.Init != nil, n.Else != nil)
	case *ast.SwitchStmt:
		say("( switch", n.Init != nil, n.Tag != nil)
	case *ast.CaseClause:
		say("( case", len(n.List))
	case *ast.CallExpr:
		say("( call", n.Ellipsis.IsValid())
	case *ast.SliceExpr:
		say("( slice", n.Low != nil, n.High != nil, n.Max != nil)
	case *ast.CompositeLit:
		say("( composite", n.Type != nil)
	case *ast.FuncType:
		say("( func", n.Results != nil)
	case *ast.Field:
		say("( field", len(n.Names))
	case *ast.ValueSpec:
		say("( value", len(n.Names), n.Type != nil)
	default:
		say("(", reflect.TypeOf(n).Elem().Name())
	}
	return nil
}
