package notebook

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"theriac/harness/lab"
	"theriac/harness/needs"
)

// TestMain lets this test binary be the child that interprets.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == ChildCommand {
		if Child(os.Args[2], os.Stdout) != nil {
			os.Exit(4)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func script(t *testing.T, name, source string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// testProfile is a scale of seconds.
const testProfile = `base: tiny
data: {name: generated, rows: 24, max_tokens: 96, clean: 12, probe: 8, restricted: 3, look_alike: 3}
train: {layers: "top:1", epochs: 1, batch: 8, lr: 1e-3}
seeds:
  development: {from: 0, count: 1}
  calibration: {from: 1000, count: 1}
  evaluation: {from: 2000, count: 2}
  repeats: {from: 2000, count: 2}
  attacks: {from: 2000, count: 1}
  race: {from: 2000, count: 1}
  hard: {from: 2000, count: 0}
  twins: {from: 2000, count: 0}
  prevention: {from: 2000, count: 1}
  regimes: {from: 2000, count: 0}
  ablation: {from: 2000, count: 1}
`

func testRoot(t *testing.T) lab.Environment {
	t.Helper()
	root := t.TempDir()
	dir := filepath.Join(root, "experiments", "profiles")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "test.yaml"), []byte(testProfile), 0o666); err != nil {
		t.Fatal(err)
	}
	plan, err := os.ReadFile("../../experiments/plan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "experiments", "plan.yaml"), plan, 0o666); err != nil {
		t.Fatal(err)
	}
	data, err := filepath.Abs("testdata/data")
	if err != nil {
		t.Fatal(err)
	}
	return lab.Environment{Root: root, Profile: "test", Cache: filepath.Join(root, "cache"), DataDir: data, Quiet: true}
}

// Interpreted and compiled, every experiment shows the same, and both write the same tables.
func TestInterpretedAsCompiled(t *testing.T) {
	if testing.Short() {
		t.Skip("runs every experiment twice")
	}
	scripts, err := filepath.Glob("../../experiments/*/main.go")
	if err != nil || len(scripts) < 3 {
		t.Fatalf("%d experiments, %v; want at least 3", len(scripts), err)
	}
	for _, path := range append(scripts, "testdata/own/main.go") {
		dir := filepath.Dir(path)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			env := testRoot(t)
			out, err := Run(context.Background(), dir, Options{Env: env})
			if err != nil {
				t.Fatal(err)
			}
			var interpreted []lab.Output
			for _, cell := range out.Outputs {
				interpreted = append(interpreted, cell...)
			}
			second := testRoot(t)
			second.Cache = env.Cache // adapters are there; the evaluation is done again
			text, err := json.Marshal(struct {
				lab.Environment
				JSON bool
			}{second, true})
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("go", "run", "-buildvcs=false", "./"+filepath.Base(dir))
			cmd.Dir = filepath.Dir(dir)
			cmd.Env = append(os.Environ(), lab.EnvVar+"="+string(text))
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			data, err := cmd.Output()
			if err != nil {
				t.Fatalf("go run: %v: %s", err, stderr.String())
			}
			var compiled []lab.Output
			for d := json.NewDecoder(bytes.NewReader(data)); d.More(); {
				var o lab.Output
				if err := d.Decode(&o); err != nil {
					t.Fatal(err)
				}
				if o.Kind != "progress" {
					compiled = append(compiled, o)
				}
			}
			if len(compiled) != len(interpreted) || len(compiled) == 0 {
				t.Fatalf("%d outputs compiled, %d interpreted", len(compiled), len(interpreted))
			}
			for i := range compiled {
				if compiled[i] != interpreted[i] {
					t.Errorf("output %d:\ncompiled    %+v\ninterpreted %+v", i, compiled[i], interpreted[i])
				}
			}
			tables, _ := filepath.Glob(filepath.Join(env.Root, "results", "test", "*", "*.parquet"))
			source, err := os.ReadFile(filepath.Join(dir, "main.go"))
			if err != nil {
				t.Fatal(err)
			}
			if sweeps := bytes.Contains(source, []byte(".Sweep(")); sweeps != (len(tables) > 0) {
				t.Errorf("%d tables; the script sweeps: %v", len(tables), sweeps)
			}
			for _, p := range tables {
				rel, _ := filepath.Rel(env.Root, p)
				a, _ := os.ReadFile(p)
				b, _ := os.ReadFile(filepath.Join(second.Root, rel))
				if !bytes.Equal(a, b) {
					t.Errorf("%s differs", rel)
				}
			}
		})
	}
}

func TestHostileScripts(t *testing.T) {
	head := "package main\n\nimport \"theriac/harness/lab\"\n\nfunc main() {\n\tl := lab.Start(\"x\")\n"
	for name, c := range map[string]struct{ source, want string }{
		"os":          {"package main\n\nimport \"os\"\n\nfunc main() {\n\tos.Exit(0)\n}\n", "main.go:3:8: "},
		"unsafe":      {"package main\n\nimport \"unsafe\"\n\nfunc main() {\n\t_ = unsafe.Pointer(nil)\n}\n", "main.go:3:8: "},
		"reflect":     {"package main\n\nimport \"reflect\"\n\nfunc main() {\n\t_ = reflect.TypeOf(1)\n}\n", "main.go:3:8: "},
		"undefined":   {head + "\tl.Frobnicate()\n}\n", "main.go:7:4: l.Frobnicate undefined"},
		"range int":   {head + "\tfor i := range 3 {\n\t\tl.Printf(\"%d\", i)\n\t}\n}\n", "main.go:7:2: range over an integer"},
		"min":         {head + "\tl.Printf(\"%d\", min(1, 2))\n}\n", "main.go:7:17: min is unknown"},
		"several":     {head + "\tx, y := []int{1}, len(l.Seeds(\"development\")) == 1\n\tl.Printf(\"%v %v\", x, y)\n}\n", "main.go:7:2: a composite literal among several values"},
		"several var": {head + "\tvar x, y = 1, []int{2}\n\tl.Printf(\"%v %v\", x, y)\n}\n", "main.go:7:6: a composite literal among several values"},
		"block":       {head + "\tif true {\n\t\tk, _ := two()\n\t\tl.Printf(\"%d\", k)\n\t}\n}\n\nfunc two() (int, int) { return 1, 2 }\n", "main.go:8:3: several names from one expression, in a block of a cell"},
		"block var":   {head + "\tfor range []int{1} {\n\t\tvar k, n = two()\n\t\tl.Printf(\"%d\", k+n)\n\t}\n}\n\nfunc two() (int, int) { return 1, 2 }\n", "main.go:8:7: several names from one expression, in a block of a cell"},
		"block map":   {head + "\tm := map[string]int{}\n\tif k, ok := m[\"a\"]; ok {\n\t\tl.Printf(\"%d\", k)\n\t}\n}\n", "main.go:8:5: several names from one expression, in a block of a cell"},
		"shadow":      {head + "\ta := 1\n\tif true {\n\t\ta := 2\n\t\tl.Printf(\"%d\", a)\n\t}\n\tl.Printf(\"%d\", a)\n}\n", "main.go:9:3: a stands for something else around it"},
		"shadow for":  {head + "\tl.Printf(\"x\")\n\tfor l := 0; l < 1; l++ {\n\t}\n}\n", "main.go:8:6: l stands for something else"},
		"shadow func": {head + "\tif true {\n\t\tvar two = 2\n\t\tl.Printf(\"%d\", two)\n\t}\n}\n\nfunc two() int { return 1 }\n", "main.go:8:7: two stands for something else"},
		"shadow len":  {head + "\tif true {\n\t\tlen := 2\n\t\tl.Printf(\"%d\", len)\n\t}\n}\n", "main.go:8:3: len stands for something else"},
		"own func":    {head + "\ttwo := two()\n\tl.Printf(\"%d\", two)\n}\n\nfunc two() int { return 1 }\n", "main.go:7:2: two stands for something else"},
		"block if":    {head + "\tfor range []int{1} {\n\t\tif k, n := two(); n == 2 {\n\t\t\tl.Printf(\"%d\", k)\n\t\t}\n\t}\n}\n\nfunc two() (int, int) { return 1, 2 }\n", "main.go:8:6: several names from one expression"},
		"block type":  {head + "\tif true {\n\t\ttype p struct{ A int }\n\t\tl.Printf(\"%d\", p{1}.A)\n\t}\n}\n", "main.go:8:8: a type declared in a block of a cell"},
		"type switch": {head + "\tvar x any = 1\n\tswitch y := x.(type) {\n\tcase int:\n\t\tl.Printf(\"%d\", y)\n\t}\n}\n", "main.go:8:2: a switch over types"},
		"mixed":       {head + "\tx, y := 1, 2\n\tx, y = y, len(l.Seeds(\"development\"))\n\tl.Printf(\"%d %d\", x, y)\n}\n", "main.go:8:2: a call among several values"},
		"mixed sum":   {head + "\tx, y := 1, 2\n\tx, y = y, 1+two()\n\tl.Printf(\"%d %d\", x, y)\n}\n\nfunc two() int { return 2 }\n", "main.go:8:2: a call among several values"},
		"goroutine":   {head + "\tgo l.Printf(\"x\")\n}\n", "main.go:7:2: goroutines are not for scripts"},
		"fmt.Println": {"package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(1)\n}\n", "main.go:6:6: undefined: fmt.Println"},
		"no main":     {"package main\n", "want package main with a func main"},
		"syntax":      {"package main\n\nfunc main( {\n}\n", "main.go:3:12: "},
		"runtime":     {head + "\tx := []int{1}\n\tl.Md(\"before\")\n\n\t//%%\n\tl.Printf(\"%d\", x[len(x)])\n}\n", "main.go:11: "},
		"lab stops":   {head + "\n\t//%%\n\tl.Seeds(\"nobody\")\n}\n", "no seeds for the pool"},
		"huge":        {head + "\tl.Md(\"x\")\n\tx := []int{}\n\tfor {\n\t\tx = append(x, make([]int, 1<<27)...)\n\t}\n}\n", "memory"},
		"os.Exit":     {"package main\n\nfunc main() {\n\tos.Exit(0)\n}\n", "undefined: os"},
		"file":        {head + "\tl.Lines(\"../../../etc/passwd\")\n}\n", "main.go:7: file \"../../../etc/passwd\": want a path below the data directory"},
		"absolute":    {head + "\tl.Data(\"/etc/passwd\")\n}\n", "want a path below the data directory"},
		"file param":  {head + "\tl.Sweep([]lab.Arm{{Name: \"a\", Attack: \"comply\", Params: lab.Params{\"prompts\": \"file:../x\"}}}, []int{0})\n}\n", "want a path below the data directory"},
		"cgo":         {"package main\n\nimport \"C\"\n\nfunc main() {\n\tC.exit(0)\n}\n", "main.go:3:8: "},
		"network":     {"package main\n\nimport \"net/http\"\n\nfunc main() {\n\thttp.Get(\"x\")\n}\n", "main.go:3:8: "},
		"recover":     {head + "\tdefer func() { recover() }()\n}\n", "main.go:7:17: recover would hide"},
		"helper":      {"package main\n\nimport \"theriac/harness/lab\"\n\nfunc main() {\n\tl := lab.Start(\"x\")\n\tl.Printf(\"%d\", at(3))\n}\n\nfunc at(i int) int {\n\tx := []int{1}\n\treturn x[i]\n}\n", "main.go:7: reflect: slice index out of range (in func at)"},
		"closure":     {head + "\tn := 0\n\tf := func(r lab.Row) lab.Row { n++; return r }\n\tl.Sweep([]lab.Arm{{Name: \"a\", Poison: f}}, []int{0})\n}\n", "must be declared at the top level"},
		"variable":    {"package main\n\nimport \"theriac/harness/lab\"\n\nvar n = 0\n\nfunc f(r lab.Row) lab.Row { n++; return r }\n\nfunc main() {\n\tl := lab.Start(\"x\")\n\tl.Sweep([]lab.Arm{{Name: \"a\", Poison: f}}, []int{0})\n}\n", "main.go:5:5: it uses the variable n"},
		"deep":        {"package main\n\nimport \"theriac/harness/lab\"\n\nfunc f(n int) int { return f(n+1) + 1 }\n\nfunc main() {\n\tl := lab.Start(\"x\")\n\tl.Printf(\"%d\", f(0))\n}\n", "main.go"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := Run(context.Background(), script(t, "x", c.source), Options{Env: testRoot(t), Memory: 2 << 30})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v; want one that says %q", err, c.want)
			}
			if out == nil {
				return
			}
			page, err := out.HTML()
			if err != nil || !strings.Contains(string(page), "class=error") {
				t.Errorf("the page of a failed notebook does not say so (%v)", err)
			}
			if _, err := out.Jupyter(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What a script does wrong harms nothing that is stored, and a panic in its function is the run's failure.
func TestHostileFunctions(t *testing.T) {
	env := testRoot(t)
	head := "package main\n\nimport \"theriac/harness/lab\"\n\nfunc f(r lab.Row) lab.Row {\n\tx := []int{1}\n\tif r.K > 0 {\n\t\tx[r.K]++\n\t}\n\tr.Output = r.Output + \".\"\n\treturn r\n}\n\nfunc main() {\n\tl := lab.Start(\"x\")\n\tl.Sweep([]lab.Arm{{Name: \"clean\"}}, []int{0})\n"
	if out, err := Run(context.Background(), script(t, "x", head+"}\n"), Options{Env: env}); err != nil || out.Bad != 0 {
		t.Fatal(err)
	}
	tables, err := filepath.Glob(filepath.Join(env.Root, "results", "test", "x", "*.parquet"))
	if err != nil || len(tables) == 0 {
		t.Fatalf("no tables: %v", err)
	}
	before := map[string][]byte{}
	for _, p := range tables {
		if before[p], err = os.ReadFile(p); err != nil {
			t.Fatal(err)
		}
	}
	for name, code := range map[string]string{
		"endless": "\tfor {\n\t}\n}\n",
		"memory":  "\tx := []int{}\n\tfor {\n\t\tx = append(x, make([]int, 1<<27)...)\n\t}\n}\n",
		"index":   "\tx := []int{}\n\tl.Printf(\"%d\", x[0])\n}\n",
	} {
		ctx, stop := context.WithTimeout(context.Background(), 3*time.Second)
		if _, err := Run(ctx, script(t, "x", head+code), Options{Env: env, Memory: 2 << 30}); err == nil {
			t.Errorf("%s: ends well", name)
		}
		stop()
		for p, want := range before {
			if got, err := os.ReadFile(p); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %s is harmed: %v", name, p, err)
			}
		}
	}
	out, err := Run(context.Background(), script(t, "x", head+"\tr := l.Sweep([]lab.Arm{{Name: \"bad\", Poison: f, Params: lab.Params{\"count\": \"3\"}}}, []int{0})\n\tl.Printf(\"%s\", r.Failed()[0])\n}\n"), Options{Env: env})
	if err != nil || out.Bad != 1 || !strings.Contains(out.Outputs[1][0].Text, "bad seed 0: panic") {
		t.Errorf("a function that panics: %v, %+v", err, out)
	}
}

// nbformat, the format's own reference, takes the notebooks: of a script that ran, and of one that failed.
func TestNbformat(t *testing.T) {
	python := needs.Python(t, "nbformat")
	head := "package main\n\nimport \"theriac/harness/lab\"\n\nfunc main() {\n\t//%% md\n\t// # Title\n\n\t//%%\n\tl := lab.Start(\"x\")\n\tr := l.Sweep([]lab.Arm{{Name: \"clean\"}}, []int{0, 1})\n\tl.Md(\"text\")\n\tl.Table(r.Table(\"clean_accuracy\"))\n\tl.Figure(\"loss\", r.Losses(\"Loss\", []string{\"clean\"}))\n\n\t//%%\n"
	for name, end := range map[string]string{"ran": "\tl.Printf(\"end\")\n}\n", "failed": "\tl.Seeds(\"nobody\")\n\n\t//%%\n\tl.Printf(\"never\")\n}\n"} {
		out, err := Run(context.Background(), script(t, "x", head+end), Options{Env: testRoot(t)})
		if out == nil || (err == nil) != (name == "ran") {
			t.Fatal(name, err)
		}
		book, err := out.Jupyter()
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "x.ipynb")
		if err := os.WriteFile(path, book, 0o666); err != nil {
			t.Fatal(err)
		}
		said, err := exec.Command(python, "-c", "import nbformat, sys; n = nbformat.read(sys.argv[1], as_version=4); nbformat.validate(n); print(len(n.cells))", path).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v: %s", name, err, said)
		}
		page, err := out.HTML()
		if err != nil || bytes.Contains(page, []byte("src=")) || bytes.Contains(page, []byte("<link")) || bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte("@import")) {
			t.Errorf("%s: the page needs something beside itself (%v)", name, err)
		}
		for _, want := range []string{"prefers-color-scheme: dark", "@media print", "<details", "<svg", "<table>"} {
			if !bytes.Contains(page, []byte(want)) {
				t.Errorf("%s: the page has no %s", name, want)
			}
		}
	}
}

func TestInterrupt(t *testing.T) {
	dir := script(t, "x", "package main\n\nfunc main() {\n\tfor {\n\t}\n}\n")
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Second)
	defer stop()
	start := time.Now()
	if _, err := Run(ctx, dir, Options{Env: testRoot(t)}); err == nil {
		t.Fatal("an endless script ends well")
	}
	if gone := time.Since(start); gone > 30*time.Second {
		t.Errorf("it took %s to stop an endless script", gone)
	}
}

func TestCells(t *testing.T) {
	s, err := parseScript("x", "main.go", []byte("package main\n\nfunc f() {}\n\nfunc main() {\n\t//%% md\n\t// # Title\n\t//\n\t// text\n\n\t// %%\n\tf()\n\tf()\n\n\t//%%\n\tif true {\n\t\t//%%\n\t\tf()\n\t}\n}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Cells) != 4 || !s.Cells[1].Markdown || s.Cells[1].Source != "# Title\n\ntext" || s.Cells[2].Source != "f()\nf()" || len(s.Cells[3].stmts) != 1 {
		t.Errorf("%d cells: %+v", len(s.Cells), s.Cells)
	}
}

// What stands after main is shown, too, with what stands before it.
func TestCellsShowAll(t *testing.T) {
	s, err := parseScript("x", "main.go", []byte("package main\n\nfunc main() {\n\t//%%\n\tf()\n}\n\n// f is called.\nfunc f() {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "package main\n\n// f is called.\nfunc f() {}"; s.Cells[0].Source != want {
		t.Errorf("got %q, want %q", s.Cells[0].Source, want)
	}
}

// A figure that a script draws no more is removed, one that it may not have come to is not, and nothing else.
func TestOldFigures(t *testing.T) {
	s, err := parseScript("x", "main.go", []byte("package main\n\nfunc main() {\n\t//%%\n\tf()\n}\n"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"old.svg", "new.svg", "kept.png"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	out := &Outcome{Script: s, Outputs: [][]lab.Output{{}, {{Kind: "figure", Name: "new", SVG: "<svg/>"}}}, Failed: 1}
	for _, want := range []int{3, 2} {
		if err := out.Write(t.TempDir(), dir); err != nil {
			t.Fatal(err)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != want {
			t.Errorf("failed cell %d: %d files, %v; want %d", out.Failed, len(left), err, want)
		}
		out.Failed = -1
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("package main\n\nfunc main() {\n\t//%%\n\tx := 1\n\t_ = x\n}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := parseScript("x", "main.go", data); err == nil {
			s.Check()
		}
	})
}

// Several names of one expression where the interpreter finds them: in a cell, first in an if or a switch, in functions.
func TestSeveralNames(t *testing.T) {
	source := "package main\n\nimport \"theriac/harness/lab\"\n\nfunc two() (int, int) { return 1, 2 }\n\nfunc one() int { return 1 }\n\nfunc main() {\n\tl := lab.Start(\"x\")\n\ta, _ := two()\n" +
		"\tif b, c := two(); c == 2 {\n\t\tl.Printf(\"%d %d\", a, b)\n\t}\n\tswitch _, d := two(); {\n\tcase d == 2:\n\t\tl.Printf(\"two\")\n\t}\n" +
		"\tfunc() {\n\t\tm := map[string]int{\"a\": 3}\n\t\te, ok := m[\"a\"]\n\t\tl.Printf(\"%d %v\", e, ok)\n\t}()\n\tfor range []int{1} {\n\t\tvar f int\n\t\tf, _ = two()\n\t\tl.Printf(\"f %d\", f)\n\t}\n" +
		"\tg, h := 1, 2\n\tg, h = h, g\n\tl.Printf(\"swap %d%d\", g, h)\n\tg, h = one(), one()\n\tl.Printf(\"calls %d%d\", g, h)\n\tq, z := 0.5, 1\n" +
		"\tq, z = float64(z)/4, z+1\n\tl.Printf(\"conv %g %d\", q, z)\n" +
		"\tvar pick func(a int) int\n\tpick = func(x int) int { return x + 4 }\n\tl.Printf(\"pick %d\", pick(1))\n" +
		"\tfor _, a := range []int{5} {\n\t\tl.Printf(\"in %d\", a)\n\t}\n\tl.Printf(\"after %d\", a)\n}\n"
	out, err := Run(context.Background(), script(t, "x", source), Options{Env: testRoot(t)})
	if err != nil {
		t.Fatal(err)
	}
	page, err := out.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1 1", "two", "3 true", "f 1", "in 5", "after 1", "pick 5", "swap 21", "calls 11", "conv 0.25 2"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// A copy that still starts as the original would put its runs among the original's.
func TestCopiedScript(t *testing.T) {
	dir := script(t, "mine", "package main\n\nimport \"theriac/harness/lab\"\n\nfunc main() {\n\t//%%\n\tlab.Start(\"backdoor\")\n}\n")
	env := testRoot(t)
	_, err := Run(context.Background(), dir, Options{Env: env})
	if err == nil || !strings.Contains(err.Error(), `start it as "mine"`) {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(env.Root, "results", "*")); len(left) > 0 {
		t.Errorf("it left %q", left)
	}
}

// An export does nothing but write: no calibration is trained for it.
func TestExportTrainsNothing(t *testing.T) {
	dir := script(t, "judged", `package main

import "theriac/harness/lab"

func main() {
	//%%
	l := lab.Start("judged")
	l.Calibrate()
	l.Sweep([]lab.Arm{{Name: "clean"}}, l.Seeds("evaluation"))
}
`)
	env := testRoot(t)
	env.Export = &lab.Export{Arm: "clean", Seed: 2000, To: filepath.Join(t.TempDir(), "out")}
	if _, err := Run(context.Background(), dir, Options{Env: env}); err == nil || !strings.Contains(err.Error(), "clean at seed 2000 is written") {
		t.Errorf("got %v", err)
	}
	for _, pattern := range []string{"results/test/*/*.parquet", "results/test/.runs/*/*"} {
		if left, _ := filepath.Glob(filepath.Join(env.Root, pattern)); len(left) > 0 {
			t.Errorf("it stored %q", left)
		}
	}
}
