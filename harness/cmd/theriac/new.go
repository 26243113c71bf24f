package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
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
	fmt.Fprintf(a.out, "%s\nrun it: theriac run experiments/%s\n", path, c.Name)
	return nil
}
