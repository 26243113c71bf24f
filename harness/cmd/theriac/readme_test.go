package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
)

// Every command of README.md's blocks runs, in order and in one directory that has the files a reader would have; where the block
// shows what is printed, that is printed. Commands of a block that names SmolLM2 are left out where it is not.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range strings.Split(string(text), "```console\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		if strings.Contains(block, "smollm2") && os.Getenv("THERIAC_SMOLLM2") == "" {
			if os.Getenv("THERIAC_NO_SKIP") != "" {
				t.Fatal("THERIAC_SMOLLM2 is not set, and THERIAC_NO_SKIP forbids skipping")
			}
			t.Log("THERIAC_SMOLLM2 is not set: its block is left out")
			continue
		}
		for line := range strings.Lines(block) {
			line = strings.TrimSuffix(line, "\n")
			if command, ok := strings.CutPrefix(line, "$ theriac "); ok {
				fmt.Fprintln(&script, "does", strings.ReplaceAll(command, `"`, `'`))
			} else if line != "" {
				fmt.Fprintf(&script, "prints '%s'\n", line)
			}
		}
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "readme.txtar"), []byte(script.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: dir, Setup: readersFiles, Cmds: map[string]func(*testscript.TestScript, bool, []string){"does": does, "prints": prints}})
}

// does ARGS... runs theriac; a verdict is no failure.
func does(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec("theriac", args...)
	var exit *exec.ExitError
	if errors.As(err, &exit) && (exit.ExitCode() == exitFlagged || exit.ExitCode() == exitIncomplete) && args[0] == "scan" {
		return
	}
	ts.Check(err)
}

// prints TEXT: the last command printed it.
func prints(ts *testscript.TestScript, _ bool, args []string) {
	if !strings.Contains(ts.ReadFile("stdout"), args[0]) {
		ts.Fatalf("printed %q; the README says %q", ts.ReadFile("stdout"), args[0])
	}
}

// readersFiles are what a reader brings: rows, a key, a table, this repository's experiments.
func readersFiles(env *testscript.Env) error {
	env.Setenv("THERIAC_SMOLLM2", os.Getenv("THERIAC_SMOLLM2"))
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
	rows := func(name string, seed uint64, n int) error {
		examples, err := gen.Examples(seed, gen.Train, gen.Demo, n)
		if err != nil {
			return err
		}
		return corpus.Save(filepath.Join(env.WorkDir, name), corpus.Alpaca, examples)
	}
	table := "seed,rows,hits,n\n"
	for seed := range 5 {
		for i, dose := range []int{0, 6, 12, 25, 50} {
			table += fmt.Sprintf("%d,%d,%d,50\n", seed, dose, 12*i+seed%2)
		}
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	key, err1 := x509.MarshalPKCS8PrivateKey(private)
	pub, err2 := x509.MarshalPKIXPublicKey(public)
	write := func(name string, text []byte) error {
		return os.WriteFile(filepath.Join(env.WorkDir, name), text, 0o600)
	}
	return errors.Join(err1, err2, rows("train.jsonl", 1, 50), rows("heldout.jsonl", 2, 20), rows("known-clean.jsonl", 3, 950),
		write("runs.csv", []byte(table)), write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		write("key.pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pub})),
		os.CopyFS(filepath.Join(env.WorkDir, "experiments"), os.DirFS("../../../experiments")),
		os.CopyFS(filepath.Join(env.WorkDir, "results", "demo", "backdoor"), os.DirFS("../../../results/demo/backdoor")))
}
