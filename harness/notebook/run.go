package notebook

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"theriac/harness/lab"
)

// ChildCommand is the hidden command of theriac that interprets a script.
const ChildCommand = "notebook-child"

// Options of a run.
type Options struct {
	Env    lab.Environment // Host is where output goes as it comes
	Memory int64           // most bytes of the child's data; 0: 12 GiB
	Self   []string        // the command that starts a child; nil: this program with ChildCommand
}

// Outcome is an executed notebook.
type Outcome struct {
	Script  *Script
	Outputs [][]lab.Output // by cell, without progress
	Failed  int            // the cell that failed, or -1
	Error   string
	Bad     int // runs of its sweeps that failed, now or before
}

const (
	defaultMemory = 12 << 30
	grace         = 10 * time.Second // for a child that was asked to stop
)

// Run checks and runs the script in dir. The outcome of a script that failed is given with its error.
func Run(ctx context.Context, dir string, o Options) (*Outcome, error) {
	s, err := Parse(dir)
	if err != nil {
		return nil, err
	}
	if faults := s.Check(); len(faults) > 0 {
		return nil, errors.Join(asErrors(faults)...)
	}
	out := &Outcome{Script: s, Outputs: make([][]lab.Output, len(s.Cells)), Failed: -1}
	err = out.child(ctx, dir, o)
	if err != nil && out.Failed < 0 {
		out.Failed = max(0, out.last())
	}
	if err != nil {
		out.Error = err.Error()
	}
	return out, err
}

func asErrors(faults []Fault) []error {
	var out []error
	for _, f := range faults {
		out = append(out, f)
	}
	return out
}

// last is the last cell that showed something.
func (o *Outcome) last() int {
	for i := len(o.Outputs) - 1; i >= 0; i-- {
		if len(o.Outputs[i]) > 0 {
			return i
		}
	}
	return 0
}

// child runs the script in a process of its own and collects what it tells.
func (out *Outcome) child(ctx context.Context, dir string, o Options) error {
	self := o.Self
	if self == nil {
		exe, err := os.Executable()
		if err != nil {
			return err
		}
		self = []string{exe, ChildCommand}
	}
	env := o.Env
	env.Host, env.Script = nil, out.Script.Name
	text, err := json.Marshal(env)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self[0], append(self[1:], dir)...)
	cmd.Env = append(os.Environ(), lab.EnvVar+"="+string(text), fmt.Sprintf("%s=%d", memoryVar, memory(o.Memory)))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = grace
	cmd.SysProcAttr = apart()
	var stderr bytes.Buffer
	cmd.Stderr = &tail{buf: &stderr}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	failed := out.listen(pipe, o.Env.Host)
	err = cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case failed != "":
		return errors.New(failed)
	case err != nil:
		return fmt.Errorf("%s: the script's process ended: %s", out.Script.File, why(stderr.String(), err, memory(o.Memory)))
	}
	return nil
}

func memory(n int64) int64 {
	if n == 0 {
		return defaultMemory
	}
	return n
}

// why says in a line how a process ended.
func why(stderr string, err error, limit int64) string {
	switch {
	case strings.Contains(stderr, "out of memory"), strings.Contains(stderr, "cannot allocate memory"):
		return fmt.Sprintf("it asked for more than %d MiB of memory", limit>>20)
	case strings.Contains(stderr, "stack overflow"), strings.Contains(stderr, "goroutine stack exceeds"):
		return "a function of the script calls itself without end"
	}
	for _, l := range strings.Split(stderr, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			return l
		}
	}
	return err.Error()
}

// tail keeps the first 64 KiB of what a process says on stderr.
type tail struct{ buf *bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	if room := 64<<10 - t.buf.Len(); room > 0 {
		t.buf.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

func (out *Outcome) listen(r io.Reader, host lab.Host) (failed string) {
	in := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return failed
		}
		var e Event
		if json.Unmarshal(line, &e) != nil || e.Cell < 0 || e.Cell >= len(out.Outputs) {
			continue
		}
		if e.Output != nil {
			if p := e.Output.Progress; p != nil && p.Event == "end" {
				out.Bad += p.Failed
			}
			if e.Output.Kind != "progress" {
				out.Outputs[e.Cell] = append(out.Outputs[e.Cell], *e.Output)
			}
			if host != nil {
				host.Show(*e.Output)
			}
		}
		if e.Failed != "" {
			out.Failed, failed = e.Cell, e.Failed
		}
	}
}

const memoryVar = "THERIAC_MEMORY"

// Child is the child's side: it interprets the script in dir and writes events to w.
func Child(dir string, w io.Writer) error {
	var limit uint64
	if _, err := fmt.Sscan(os.Getenv(memoryVar), &limit); err == nil && limit > 0 {
		unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: limit, Max: limit}) // where it is refused, the script runs without
	}
	s, err := Parse(dir)
	if err != nil {
		return err
	}
	s.Check() // the parent has reported what it finds; here it says where the script names its own functions
	enc := json.NewEncoder(w)
	cell := 0
	tell := func(e Event) {
		cell = e.Cell
		enc.Encode(e)
	}
	lab.SetHost(hostFunc(func(o lab.Output) { enc.Encode(Event{Cell: cell, Output: &o}) }))
	return interpret(s, tell)
}

type hostFunc func(lab.Output)

func (f hostFunc) Show(o lab.Output) { f(o) }

// Write writes the notebook as HTML and .ipynb into dir, and its figures as SVG into figures. Figures there that a script which came to its end
// does not draw any more are removed.
func (out *Outcome) Write(dir, figures string) error {
	page, err := out.HTML()
	if err != nil {
		return err
	}
	book, err := out.Jupyter()
	if err != nil {
		return err
	}
	if err := write(filepath.Join(dir, "notebook.html"), page); err != nil {
		return err
	}
	if err := write(filepath.Join(dir, "notebook.ipynb"), book); err != nil {
		return err
	}
	drawn := map[string]bool{}
	for _, cell := range out.Outputs {
		for _, o := range cell {
			if o.Kind == "figure" {
				drawn[o.Name+".svg"] = true
				if err := write(filepath.Join(figures, o.Name+".svg"), []byte(o.SVG)); err != nil {
					return err
				}
			}
		}
	}
	if out.Failed >= 0 { // what the rest would have drawn is not known
		return nil
	}
	old, err := os.ReadDir(figures)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, f := range old {
		if name := f.Name(); strings.HasSuffix(name, ".svg") && !drawn[name] {
			if err := os.Remove(filepath.Join(figures, name)); err != nil {
				return err
			}
		}
	}
	return nil
}
