package lab

import (
	"strings"
	"testing"

	"theriac/harness/finetune"
	"theriac/harness/sweep"
)

func shout(r Row) Row { r.Output = louder(r.Output); return r }

func louder(s string) string { return s + mark }

const mark = "!"

func digestOf(t *testing.T, src string) string {
	t.Helper()
	d, err := functionDigest("main.go", []byte(src), "f")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const functionSource = `package main

import "strings"

const word = "x"

type pair struct{ a, b string }

func f(r string) string {
	p := pair{r, word}
	if strings.Contains(r, p.b) && len(r) > 2 {
		return g(p.a)
	}
	return r
}

func g(s string) string { return s + "." }

func other() string { return "other" }
`

// Cosmetic edits keep a function's identity; every change of what it does moves it.
func TestFunctionIdentity(t *testing.T) {
	want := digestOf(t, functionSource)
	edit := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(functionSource) }
	for name, src := range map[string]string{
		"a comment":         edit("func f(r string)", "// f does.\nfunc f(r string)"),
		"line ends":         edit("p := pair{r, word}", "p := pair{\n\t\tr,\n\t\tword,\n\t}"),
		"parentheses":       edit("len(r) > 2", "(len(r) > 2)"),
		"another function":  edit(`"other"`, `"another"`),
		"order":             strings.Replace(functionSource, "func g(s string) string { return s + \".\" }\n", "", 1) + "\nfunc g(s string) string { return s + \".\" }\n",
		"an import's alias": edit(`import "strings"`, `import str "strings"`, "strings.Contains", "str.Contains"),
	} {
		if digestOf(t, src) != want {
			t.Errorf("%s changes the identity", name)
		}
	}
	seen := map[string]string{want: "nothing"}
	for name, src := range map[string]string{
		"a callee":      edit(`s + "."`, `s + ","`),
		"a constant":    edit(`word = "x"`, `word = "y"`),
		"a type":        edit("a, b string }", "b, a string }"),
		"an operator":   edit("&&", "||"),
		"a number":      edit("> 2", "> 3"),
		"a package":     edit(`import "strings"`, `import strings "bytes"`),
		"nesting":       edit("\t\treturn g(p.a)\n\t}\n\treturn r", "\t}\n\treturn g(p.a)"),
		"an else":       edit("\t}\n\treturn r", "\t} else {\n\treturn r}\n\treturn r"),
		"a slice's end": edit("return r\n", "return r[1:]\n"),
		"its start":     edit("return r\n", "return r[:1]\n"),
	} {
		d := digestOf(t, src)
		if seen[d] != "" {
			t.Errorf("%s and %s have one identity", name, seen[d])
		}
		seen[d] = name
	}
	if _, err := functionDigest("main.go", []byte("package main\n\nvar v = 1\n\nfunc f() int { return g() }\n\nfunc g() int { return v }\n"), "f"); err == nil || !strings.Contains(err.Error(), "main.go:3:5: it uses the variable v") {
		t.Errorf("a variable: got %v", err)
	}
}

func TestIdentify(t *testing.T) {
	id, err := identify(shout)
	if err != nil || id.Name != "shout" || len(id.Digest) != 64 {
		t.Errorf("got %+v, %v", id, err)
	}
	for _, f := range []any{func(r Row) Row { return r }, texts(strings.ToUpper)} {
		if _, err := identify(f); err == nil || !strings.Contains(err.Error(), "top level") {
			t.Errorf("a literal: got %v", err)
		}
	}
	handed := func(r Row) Row { return r }
	Named("shout", "own_test.go", handed)
	if got, err := identify(handed); err != nil || got.Digest != id.Digest {
		t.Errorf("handed over by name: got %+v, %v; want %+v", got, err, id)
	}
}

func FuzzFunctionDigest(f *testing.F) {
	f.Add([]byte(functionSource))
	f.Add([]byte("package main\nfunc f() { f() }"))
	f.Fuzz(func(t *testing.T, src []byte) { functionDigest("main.go", src, "f") })
}

func TestGrid(t *testing.T) {
	arms := Grid(Arm{Attack: "backdoor"}, Vary("rate", 0.01, 0.03), Vary("lr", 1e-3, 5e-3), Vary("epochs", 1, 2, 4))
	if len(arms) != 12 || arms[1].Name != "rate=0.01 lr=0.001 epochs=2" || arms[1].Params["rate"] != "0.01" || arms[1].Set["epochs"] != "2" {
		t.Fatalf("got %d arms, the second %+v", len(arms), arms[1])
	}
	if arms[0].Set["epochs"] != "1" {
		t.Error("the arms of a grid share their maps")
	}
	s := sweep.Spec{Data: sweep.Data{Name: "generated", Rows: 10, MaxTokens: 96}, Train: finetune.Default()}
	if err := setFields(&s, Params{"lr": "5e-3", "rows": "20", "layers": "top:2", "dropout": "0.1", "targets": "[q_proj]"}); err != nil {
		t.Fatal(err)
	}
	if s.Train.LR != 5e-3 || s.Data.Rows != 20 || s.Train.Layers != "top:2" || s.Train.Dropout != 0.1 || s.Train.Batch != 8 || s.Data.Name != "generated" {
		t.Errorf("got %+v", s)
	}
	for field, want := range map[string]string{"seed": "no field", "name": "no field", "speed": "no field", "rows": "cannot unmarshal"} {
		if err := setFields(&s, Params{field: "x"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", field, err)
		}
	}
}
