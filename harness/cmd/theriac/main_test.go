package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript" // runs commands as a user would
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"theriac": func() {
		os.Exit(run(context.Background(), os.Stdin, os.Stdout, os.Stderr, os.Args[1:]))
	}})
}

// TestScripts runs testdata/*.txtar: what each command prints, and how it fails.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}
