package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"github.com/google/renameio/v2"
)

//go:embed new.go.txt
var startingNotebook string

type newCmd struct {
	Name string `arg:"" help:"Name of the experiment: small letters, digits and hyphens."`
}

var experimentName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// Run writes experiments/NAME/main.go. The script runs with `theriac run` wherever it lies; in this repository also with `go run`.
func (c *newCmd) Run(a *app) error {
	if !experimentName.MatchString(c.Name) {
		return fmt.Errorf("name %q: want small letters, digits and hyphens", c.Name)
	}
	if st, err := os.Stat(a.Root); err != nil || !st.IsDir() {
		return fmt.Errorf("--root %s is no directory; make it first", a.Root)
	}
	path := filepath.Join(a.Root, "experiments", c.Name, "main.go")
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already; choose another name", path)
	} else if err != nil {
		return err
	}
	if _, err := f.WriteString(strings.ReplaceAll(startingNotebook, "NAME", c.Name)); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := goModule(a.Root); err != nil {
		return err
	}
	command := "theriac run experiments/" + c.Name
	if a.Root != "." {
		command = fmt.Sprintf("theriac --root %s run experiments/%s", a.Root, c.Name)
	}
	if a.JSON {
		return printJSON(a.out, map[string]string{"script": path, "run": command})
	}
	fmt.Fprintf(a.out, "%s\nrun it: %s\n", path, command)
	return nil
}

// goModule makes a module of a directory that is in none, so that go vet and go run take its scripts: go.mod and go.sum are those of the source
// that this program was built from, which stands for theriac there. Where that source is not at hand, scripts run with theriac run alone.
func goModule(root string) error {
	abs, err := filepath.Abs(root)
	if err != nil {
		return err
	}
	for dir := abs; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return nil
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	_, file, _, _ := runtime.Caller(0)
	source := filepath.Join(filepath.Dir(file), "..", "..", "..")
	mod, err1 := os.ReadFile(filepath.Join(source, "go.mod"))
	sum, err2 := os.ReadFile(filepath.Join(source, "go.sum"))
	_, requires, ok := strings.Cut(string(mod), "module theriac\n")
	if err1 != nil || err2 != nil || !ok {
		return nil
	}
	text := "module own\n" + requires + fmt.Sprintf("\nrequire theriac v0.0.0\n\nreplace theriac => %q\n", source)
	if err := renameio.WriteFile(filepath.Join(root, "go.mod"), []byte(text), 0o666); err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(root, "go.sum"), sum, 0o666)
}
