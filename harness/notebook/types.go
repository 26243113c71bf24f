package notebook

import (
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"path"
	"reflect"
	"sort"
	"strings"

	"theriac/harness/notebook/symbols"
)

// universe gives go/types the packages that scripts may import, made from the symbol tables by reflection: what a script
// is checked against is what it will run on.
type universe struct {
	packages map[string]*types.Package
	named    map[reflect.Type]*types.Named
	todo     []func()
}

func newUniverse() *universe {
	u := &universe{packages: map[string]*types.Package{}, named: map[reflect.Type]*types.Named{}}
	keys := make([]string, 0, len(symbols.Symbols))
	for k := range symbols.Symbols {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		u.fill(u.pkg(path.Dir(k)), symbols.Symbols[k])
	}
	return u
}

// Import is how go/types asks for a package.
func (u *universe) Import(name string) (*types.Package, error) {
	if _, ok := symbols.Symbols[name+"/"+path.Base(name)]; !ok {
		return nil, fmt.Errorf("scripts may import theriac/harness/lab, errors, fmt, math, sort, strconv and strings; files, network and processes are out of reach (inputs come through lab)")
	}
	return u.packages[name], nil
}

func (u *universe) pkg(name string) *types.Package {
	if p := u.packages[name]; p != nil {
		return p
	}
	p := types.NewPackage(name, path.Base(name))
	p.MarkComplete()
	u.packages[name] = p
	return p
}

func (u *universe) fill(p *types.Package, table map[string]reflect.Value) {
	names := make([]string, 0, len(table))
	for n := range table {
		if !strings.HasPrefix(n, "_") {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	for _, n := range names {
		v := table[n]
		var o types.Object
		switch c, untyped := v.Interface().(constant.Value); {
		case untyped:
			o = types.NewConst(token.NoPos, p, n, untypedKind(c), c)
		case v.CanAddr():
			o = types.NewVar(token.NoPos, p, n, u.of(v.Type()))
		case v.Kind() == reflect.Func:
			o = types.NewFunc(token.NoPos, p, n, u.signature(v.Type(), 0, nil))
		case v.Kind() == reflect.Pointer && v.IsNil():
			t := u.of(v.Type().Elem())
			if named, ok := t.(*types.Named); ok && named.Obj().Pkg() == p && named.Obj().Name() == n {
				o = named.Obj()
			} else {
				o = types.NewTypeName(token.NoPos, p, n, nil)
				types.NewAlias(o.(*types.TypeName), t)
			}
		default:
			o = types.NewConst(token.NoPos, p, n, u.of(v.Type()), constantOf(v))
		}
		p.Scope().Insert(o)
	}
	u.finish()
}

// finish completes the named types that were met.
func (u *universe) finish() {
	for len(u.todo) > 0 {
		f := u.todo[0]
		u.todo = u.todo[1:]
		f()
	}
}

func untypedKind(c constant.Value) types.Type {
	switch c.Kind() {
	case constant.Bool:
		return types.Typ[types.UntypedBool]
	case constant.String:
		return types.Typ[types.UntypedString]
	case constant.Int:
		return types.Typ[types.UntypedInt]
	}
	return types.Typ[types.UntypedFloat]
}

func constantOf(v reflect.Value) constant.Value {
	switch v.Kind() {
	case reflect.Bool:
		return constant.MakeBool(v.Bool())
	case reflect.String:
		return constant.MakeString(v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return constant.MakeInt64(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return constant.MakeUint64(v.Uint())
	case reflect.Float32, reflect.Float64:
		return constant.MakeFloat64(v.Float())
	}
	return constant.MakeUnknown()
}

var basic = map[reflect.Kind]types.BasicKind{
	reflect.Bool: types.Bool, reflect.Int: types.Int, reflect.Int8: types.Int8, reflect.Int16: types.Int16, reflect.Int32: types.Int32, reflect.Int64: types.Int64,
	reflect.Uint: types.Uint, reflect.Uint8: types.Uint8, reflect.Uint16: types.Uint16, reflect.Uint32: types.Uint32, reflect.Uint64: types.Uint64, reflect.Uintptr: types.Uintptr,
	reflect.Float32: types.Float32, reflect.Float64: types.Float64, reflect.Complex64: types.Complex64, reflect.Complex128: types.Complex128,
	reflect.String: types.String, reflect.UnsafePointer: types.UnsafePointer,
}

// of is a type of reflect as go/types has it.
func (u *universe) of(t reflect.Type) types.Type {
	if t == reflect.TypeFor[error]() {
		return types.Universe.Lookup("error").Type()
	}
	if t.Name() != "" && t.PkgPath() != "" {
		return u.name(t)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return types.NewPointer(u.of(t.Elem()))
	case reflect.Slice:
		return types.NewSlice(u.of(t.Elem()))
	case reflect.Array:
		return types.NewArray(u.of(t.Elem()), int64(t.Len()))
	case reflect.Map:
		return types.NewMap(u.of(t.Key()), u.of(t.Elem()))
	case reflect.Chan:
		return types.NewChan(map[reflect.ChanDir]types.ChanDir{reflect.BothDir: types.SendRecv, reflect.RecvDir: types.RecvOnly, reflect.SendDir: types.SendOnly}[t.ChanDir()], u.of(t.Elem()))
	case reflect.Func:
		return u.signature(t, 0, nil)
	case reflect.Struct:
		return u.structure(t)
	case reflect.Interface:
		return u.iface(t)
	}
	return types.Typ[basic[t.Kind()]]
}

func (u *universe) name(t reflect.Type) types.Type {
	if n := u.named[t]; n != nil {
		return n
	}
	p := u.pkg(t.PkgPath())
	n := types.NewNamed(types.NewTypeName(token.NoPos, p, t.Name(), nil), nil, nil)
	u.named[t] = n
	n.SetUnderlying(types.NewStruct(nil, nil)) // until finish
	u.todo = append(u.todo, func() {
		n.SetUnderlying(u.underlying(t))
		if t.Kind() != reflect.Interface {
			u.methods(n, t)
		}
	})
	return n
}

func (u *universe) underlying(t reflect.Type) types.Type {
	switch t.Kind() {
	case reflect.Struct:
		return u.structure(t)
	case reflect.Interface:
		return u.iface(t)
	case reflect.Func:
		return u.signature(t, 0, nil)
	case reflect.Pointer:
		return types.NewPointer(u.of(t.Elem()))
	case reflect.Slice:
		return types.NewSlice(u.of(t.Elem()))
	case reflect.Array:
		return types.NewArray(u.of(t.Elem()), int64(t.Len()))
	case reflect.Map:
		return types.NewMap(u.of(t.Key()), u.of(t.Elem()))
	case reflect.Chan:
		return types.NewChan(types.SendRecv, u.of(t.Elem()))
	}
	return types.Typ[basic[t.Kind()]]
}

func (u *universe) methods(n *types.Named, t reflect.Type) {
	ptr := reflect.PointerTo(t)
	for i := range ptr.NumMethod() {
		m := ptr.Method(i)
		var recv types.Type = n
		if _, onValue := t.MethodByName(m.Name); !onValue {
			recv = types.NewPointer(n)
		}
		v := types.NewVar(token.NoPos, n.Obj().Pkg(), "", recv)
		n.AddMethod(types.NewFunc(token.NoPos, n.Obj().Pkg(), m.Name, u.signature(m.Type, 1, v)))
	}
}

func (u *universe) structure(t reflect.Type) types.Type {
	var fields []*types.Var
	var tags []string
	for i := range t.NumField() {
		f := t.Field(i)
		p := u.packages[t.PkgPath()]
		if f.PkgPath != "" {
			p = u.pkg(f.PkgPath)
		}
		fields = append(fields, types.NewField(token.NoPos, p, f.Name, u.of(f.Type), f.Anonymous))
		tags = append(tags, string(f.Tag))
	}
	return types.NewStruct(fields, tags)
}

func (u *universe) iface(t reflect.Type) types.Type {
	var ms []*types.Func
	for i := range t.NumMethod() {
		m := t.Method(i)
		ms = append(ms, types.NewFunc(token.NoPos, u.packages[t.PkgPath()], m.Name, u.signature(m.Type, 0, nil)))
	}
	i := types.NewInterfaceType(ms, nil)
	i.Complete()
	return i
}

// signature is a function's type without its first skip parameters.
func (u *universe) signature(t reflect.Type, skip int, recv *types.Var) *types.Signature {
	var in, out []*types.Var
	for i := skip; i < t.NumIn(); i++ {
		in = append(in, types.NewParam(token.NoPos, nil, "", u.of(t.In(i))))
	}
	for i := range t.NumOut() {
		out = append(out, types.NewParam(token.NoPos, nil, "", u.of(t.Out(i))))
	}
	return types.NewSignatureType(recv, nil, nil, types.NewTuple(in...), types.NewTuple(out...), t.IsVariadic())
}
