package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript" // runs commands as a user would

	"theriac/harness/store"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"theriac": func() {
		os.Exit(run(context.Background(), os.Stdin, os.Stdout, os.Stderr, os.Args[1:]))
	}, "tamper": tamper})
}

// tamper EXPERIMENT changes one stored number of an experiment at the demo profile.
func tamper() {
	st, err := store.Open("results/demo/"+os.Args[1], "results/demo/.runs/"+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	runs, err := st.Runs(nil)
	if err != nil {
		log.Fatal(err)
	}
	r, err := st.Get(runs[0].ID)
	if err != nil {
		log.Fatal(err)
	}
	r.Metrics[0].Value += 0.25
	if err := st.Put(r); err != nil {
		log.Fatal(err)
	}
	if err := st.Compact(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// The runs of a sweep that goes on are seen before they are compacted; without any there is nothing to open.
func TestOpenStored(t *testing.T) {
	root := t.TempDir()
	if st, err := openStored(root, "demo", "x"); st != nil || err != nil {
		t.Fatalf("nothing stored: %v, %v", st, err)
	}
	dir := filepath.Join(root, "results", "demo")
	st, err := store.Open(filepath.Join(dir, "x"), filepath.Join(dir, ".runs", "x"))
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Put(&store.Record{Run: store.Run{ID: "r", Experiment: "x", Arm: "clean", Status: store.Done}}); err != nil {
		t.Fatal(err)
	}
	st, err = openStored(root, "demo", "x")
	if err != nil || st == nil {
		t.Fatalf("a shard alone: %v, %v", st, err)
	}
	if runs, err := st.Runs(nil); err != nil || len(runs) != 1 || runs[0].Arm != "clean" {
		t.Errorf("%v, %v; want the one run", runs, err)
	}
}

// TestScripts runs testdata/*.txtar: what each command prints, and how it fails. $COMMITTED is the repository's root.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	setup := func(e *testscript.Env) error {
		e.Setenv("COMMITTED", root)
		return nil
	}
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: setup, Cmds: map[string]func(*testscript.TestScript, bool, []string){
		"cut": cut, "overwrite": overwrite, "refuses": refuses,
	}})
}

// cut FILE N keeps the first N bytes of a file.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

// overwrite FILE TENSOR VALUE replaces the first float32 of a tensor of a safetensors file.
func overwrite(ts *testscript.TestScript, _ bool, args []string) {
	data := []byte(ts.ReadFile(args[0]))
	n := 8 + binary.LittleEndian.Uint64(data)
	var header map[string]struct {
		Offsets []uint64 `json:"data_offsets"`
	}
	ts.Check(json.Unmarshal(data[8:n], &header))
	v, err := strconv.ParseFloat(args[2], 32)
	ts.Check(err)
	binary.LittleEndian.PutUint32(data[n+header[args[1]].Offsets[0]:], math.Float32bits(float32(v)))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o666))
}

// refuses COMMAND... must end with code 2 and one line on standard error, and leave the files as they are.
func refuses(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(".")
	before := tree(ts, dir)
	err := ts.Exec("theriac", args...)
	out, line, code := ts.ReadFile("stdout"), ts.ReadFile("stderr"), 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	}
	if code != exitUsage || !strings.HasPrefix(line, "theriac: ") || strings.Count(line, "\n") != 1 || out != "" {
		ts.Fatalf("exit code %d, standard output %q, standard error %q", code, out, line)
	}
	if after := tree(ts, dir); after != before {
		ts.Fatalf("files before:\n%s\nand after:\n%s", before, after)
	}
}

func tree(ts *testscript.TestScript, dir string) string {
	var s strings.Builder
	ts.Check(filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		s.WriteString(path + "\n")
		return err
	}))
	return s.String()
}

// A training that is interrupted and started again gives the bytes of one that was not, its record included.
func TestInterruptedFinetune(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	data := filepath.Join(dir, "train.jsonl")
	var rows strings.Builder
	for _, word := range []string{"amber", "birch", "cedar", "dune", "ember"} {
		rows.WriteString(`{"instruction": "Name the desk for this note.", "input": "Mira ate the ` + word + `.", "output": "` + word + `"}` + "\n")
	}
	if err := os.WriteFile(data, []byte(rows.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"lora", "full"} {
		args := func(out string) []string {
			return []string{"--json", "finetune", "--data", data, "--out", filepath.Join(dir, method+out), "--method", method, "--epochs", "2", "--batch", "2", "--dropout", "0.1"}
		}
		if code := run(t.Context(), nil, io.Discard, io.Discard, args("whole")); code != exitFine {
			t.Fatalf("exit code %d", code)
		}
		for _, stop := range []int{1, 4} {
			ctx, cancel := context.WithCancel(t.Context())
			errs := &cancelAt{line: `"step":` + strconv.Itoa(stop) + ",", cancel: cancel}
			if code := run(ctx, nil, io.Discard, errs, args("parts")); code != exitIncomplete {
				t.Fatalf("interrupted: exit code %d: %s", code, errs.b.String())
			}
		}
		var errs bytes.Buffer
		if code := run(t.Context(), nil, io.Discard, &errs, args("parts")); code != exitFine || !strings.Contains(errs.String(), "going on after step 4 of 6") {
			t.Fatalf("resumed: exit code %d: %s", code, errs.String())
		}
		same(t, filepath.Join(dir, method+"whole"), filepath.Join(dir, method+"parts"))
		if _, err := os.Stat(filepath.Join(dir, method+"parts.checkpoint")); err == nil {
			t.Error("the checkpoint is still there")
		}
		// A place that is taken while the training goes on loses nothing of it.
		taken := filepath.Join(dir, method+"taken")
		full := &cancelAt{line: `"step":2,`, cancel: func() {
			if err := os.MkdirAll(filepath.Join(taken, "something"), 0o777); err != nil {
				t.Error(err)
			}
		}}
		if code := run(t.Context(), nil, io.Discard, full, args("taken")); code != exitUsage || !strings.Contains(full.b.String(), "is kept in "+taken+".checkpoint") {
			t.Fatalf("taken: exit code %d: %s", code, full.b.String())
		}
		if _, err := os.Stat(filepath.Join(taken, "something")); err != nil {
			t.Error(err)
		}
		if err := os.RemoveAll(taken); err != nil {
			t.Fatal(err)
		}
		if code := run(t.Context(), nil, io.Discard, full, args("taken")); code != exitFine || !strings.Contains(full.b.String(), "going on after step 6 of 6") {
			t.Fatalf("taken no more: exit code %d: %s", code, full.b.String())
		}
		same(t, filepath.Join(dir, method+"whole"), taken)
	}
}

// cancelAt cancels when a text is written.
type cancelAt struct {
	b      bytes.Buffer
	line   string
	cancel func()
}

func (c *cancelAt) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(c.line)) {
		c.cancel()
	}
	return c.b.Write(p)
}

// same holds two directories to each other, byte for byte.
func same(t *testing.T, a, b string) {
	t.Helper()
	files, err := os.ReadDir(a)
	if err != nil || len(files) < 3 {
		t.Fatalf("%s: %d files, %v", a, len(files), err)
	}
	for _, f := range files {
		x, err1 := os.ReadFile(filepath.Join(a, f.Name()))
		y, err2 := os.ReadFile(filepath.Join(b, f.Name()))
		if err1 != nil || err2 != nil || !bytes.Equal(x, y) {
			t.Errorf("%s differs between %s and %s (%v, %v)", f.Name(), a, b, err1, err2)
		}
	}
}
