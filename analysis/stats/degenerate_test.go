package stats

// Every exported function on data that have nothing to say: empty, one unit, all zero, all
// one, ties, a value that is not a number. Whatever comes back must be defined, must say
// what is odd, and must survive JSON. The tables are in
// degenerate_cases_test.go, degenerate_models_test.go and misuse_test.go.

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// outcome is what a function returned.
type outcome struct {
	value any
	err   error
}

func got[T any](v T, err error) outcome { return outcome{v, err} }

// probe is one call; warns says whether the result must carry a warning or must not.
type probe struct {
	name  string
	warns bool
	call  func() outcome
}

// exported are the package's functions and methods by name, methods with their type.
func exported(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || !f.Name.IsExported() || f.Name.Name == "MarshalJSON" {
				continue
			}
			name := f.Name.Name
			if f.Recv != nil {
				receiver, ok := f.Recv.List[0].Type.(*ast.Ident)
				if !ok || !receiver.IsExported() {
					continue
				}
				name = receiver.Name + "." + name
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func TestDegenerateData(t *testing.T) {
	names := exported(t)
	degenerate := maps.Clone(degenerateSamples)
	maps.Copy(degenerate, degenerateModels)
	for name := range degenerate {
		if !slices.Contains(names, name) {
			t.Errorf("%s is in the table and not in the package", name)
		}
	}
	for _, name := range names {
		if len(degenerate[name]) == 0 {
			t.Errorf("%s has no degenerate case: add a line to the table", name)
		}
		for _, p := range degenerate[name] {
			t.Run(name+"/"+p.name, func(t *testing.T) {
				o := p.call()
				if o.err != nil {
					t.Fatalf("error %v: want a result", o.err)
				}
				warned := sound(t, reflect.ValueOf(o.value), false)
				if warned != p.warns {
					t.Errorf("warned %v: want %v of %+v", warned, p.warns, o.value)
				}
				if _, err := json.Marshal(o.value); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// sound walks a result and reports whether anything in it warns. excused says that an
// enclosing struct did.
func sound(t *testing.T, v reflect.Value, excused bool) (warned bool) {
	t.Helper()
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			warned = sound(t, v.Index(i), excused) || warned
		}
		return warned
	case reflect.Struct:
	default:
		return false
	}
	if w := v.FieldByName("Warnings"); w.IsValid() && w.Len() > 0 {
		warned = true
		for i := range w.Len() {
			if s := w.Index(i).String(); s == "" || strings.Contains(s, "\n") {
				t.Errorf("warning %q: want one line", s)
			}
		}
	}
	excused = excused || warned
	switch r := v.Interface().(type) {
	case Estimate:
		soundEstimate(t, r, excused)
	case Test:
		soundTest(t, r)
	case Power:
		if !(r.Power >= 0 && r.Power <= 1) || !(r.SmallestP >= 0 && r.SmallestP <= 1) || r.Method == "" {
			t.Errorf("%+v: want power and smallest p in [0, 1], and a method", r)
		}
	case Interval:
		if why := lawful(r, math.NaN()); why != "" {
			t.Errorf("interval %v %s", r, why)
		}
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() {
			warned = sound(t, v.Field(i), excused) || warned
		}
	}
	return warned
}

func soundEstimate(t *testing.T, e Estimate, excused bool) {
	t.Helper()
	if why := lawful(e.Interval, e.Value); why != "" {
		t.Errorf("interval of %+v %s", e, why)
	}
	if (math.IsNaN(e.Value) || math.IsInf(e.Value, 0)) && !excused {
		t.Errorf("%+v: no value and no warning", e)
	}
	if e.Interval.Low == e.Interval.High && !excused && e.Method != "fixed" {
		t.Errorf("%+v: no width and no warning", e)
	}
	if e.Method == "" || e.N < 0 {
		t.Errorf("%+v: want a method and a count", e)
	}
}

func soundTest(t *testing.T, r Test) {
	t.Helper()
	if !(r.P > 0 && r.P <= 1) || !(r.SmallestP >= 0 && r.SmallestP <= 1) || r.P < r.SmallestP-1e-12 {
		t.Errorf("%+v: want P in (0, 1] and not below SmallestP", r)
	}
	if math.IsNaN(r.Statistic) || r.Method == "" || checkAlternative("", r.Alternative) != nil {
		t.Errorf("%+v: want a statistic, a method and an alternative", r)
	}
}
