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
			if len(tables) == 0 {
				t.Error("no tables")
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
		"goroutine":   {head + "\tgo l.Printf(\"x\")\n}\n", "main.go:7:2: goroutines are not for scripts"},
		"fmt.Println": {"package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(1)\n}\n", "main.go:6:6: undefined: fmt.Println"},
		"no main":     {"package main\n", "want package main with a func main"},
		"syntax":      {"package main\n\nfunc main( {\n}\n", "main.go:3:12: "},
		"runtime":     {head + "\tx := []int{1}\n\tl.Md(\"before\")\n\n\t//%%\n\tl.Printf(\"%d\", x[len(x)])\n}\n", "main.go:11: "},
		"lab stops":   {head + "\n\t//%%\n\tl.Seeds(\"nobody\")\n}\n", "no seeds for the pool"},
		"huge":        {head + "\tl.Md(\"x\")\n\tx := []int{}\n\tfor {\n\t\tx = append(x, make([]int, 1<<27)...)\n\t}\n}\n", "memory"},
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

func FuzzParse(f *testing.F) {
	f.Add([]byte("package main\n\nfunc main() {\n\t//%%\n\tx := 1\n\t_ = x\n}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := parseScript("x", "main.go", data); err == nil {
			s.Check()
		}
	})
}
