package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"theriac/harness/lab"
)

// shower shows a script's output as it comes. How a sweep goes is a block of lines that change on a terminal, a line now and then elsewhere,
// and events of JSON where those are asked for.
type shower struct {
	a        *app
	terminal bool
	now      func() time.Time

	mu    sync.Mutex
	last  time.Time
	drawn int               // lines of the block on the screen
	runs  map[string]string // the line of each run that goes on
}

func (a *app) shower() *shower {
	s := &shower{a: a, now: time.Now, runs: map[string]string{}}
	if f, ok := a.err.(*os.File); ok {
		s.terminal = term.IsTerminal(int(f.Fd()))
	}
	return s
}

// Show implements lab.Host.
func (s *shower) Show(o lab.Output) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.a.JSON:
		o.SVG = ""
		lab.NewJSONHost(s.a.out).Show(o)
	case o.Kind == "progress" && s.a.Quiet:
	case o.Kind == "progress" && o.Progress == nil: // something before the runs
		fmt.Fprintln(s.a.err, o.Text)
	case o.Kind == "progress":
		s.progress(o.Progress)
	case o.Kind == "figure":
		fmt.Fprintf(s.a.out, "[figure %s] %s\n\n", o.Name, o.Text)
	default:
		fmt.Fprintf(s.a.out, "%s\n\n", o.Text)
	}
}

// lineEvery is how often a line is shown where there is no terminal.
const lineEvery = 10 * time.Second

func (s *shower) progress(p *lab.Progress) {
	bad := p.Event == "run" && p.Reason != ""
	if !s.terminal {
		if bad || p.Event == "end" || s.now().Sub(s.last) >= lineEvery {
			s.last = s.now()
			fmt.Fprintln(s.a.err, p.Line())
		}
		return
	}
	key := fmt.Sprintf("%s seed %d", p.Arm, p.Seed)
	switch p.Event {
	case "step":
		s.runs[key] = fmt.Sprintf("  %s  %s  step %d/%d  loss %.3f", key, sparkline(p.Losses, 24), p.Step, p.Steps, p.Loss)
		if p.Stage != "" {
			s.runs[key] = fmt.Sprintf("  %s  %s  %s", key, sparkline(p.Losses, 24), p.Stage)
		}
	case "run":
		delete(s.runs, key)
	default:
		clear(s.runs)
	}
	s.wipe()
	if bad {
		fmt.Fprintf(s.a.err, "%s failed: %s\n", key, p.Reason)
	}
	head := *p
	head.Event, head.Reason, head.Stage = "", "", ""
	lines := []string{head.Line()}
	for _, l := range s.runs {
		lines = append(lines, l)
	}
	slices.Sort(lines[1:])
	fmt.Fprint(s.a.err, strings.Join(lines, "\n")+"\n")
	if s.drawn = len(lines); p.Event == "end" {
		s.drawn = 0 // it stays
	}
}

// wipe takes the block off the screen.
func (s *shower) wipe() {
	if s.drawn > 0 {
		io.WriteString(s.a.err, fmt.Sprintf("\x1b[%dA\x1b[J", s.drawn))
		s.drawn = 0
	}
}
