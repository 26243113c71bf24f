package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// In an empty directory of the user's own, go vet takes the starting notebook; a module that is there is left alone.
func TestNewElsewhere(t *testing.T) {
	dir := t.TempDir()
	if code := run(context.Background(), nil, io.Discard, os.Stderr, []string{"--root", dir, "new", "first"}); code != exitFine {
		t.Fatalf("exit code %d", code)
	}
	vet := exec.Command("go", "vet", "./experiments/first")
	vet.Dir = dir
	if out, err := vet.CombinedOutput(); err != nil {
		t.Fatalf("go vet: %v: %s", err, out)
	}
	mod := filepath.Join(dir, "go.mod")
	if err := os.WriteFile(mod, []byte("module mine\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if code := run(context.Background(), nil, io.Discard, os.Stderr, []string{"--root", dir, "new", "second"}); code != exitFine {
		t.Fatalf("exit code %d", code)
	}
	if data, err := os.ReadFile(mod); err != nil || string(data) != "module mine\n" {
		t.Errorf("go.mod is now %q, %v", data, err)
	}
}
