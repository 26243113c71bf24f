package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term" // is it a terminal?
)

// progress shows long work: one line that changes on a terminal, a line now and then elsewhere.
type progress struct {
	out      io.Writer
	terminal bool
	every    time.Duration
	start    time.Time
	last     time.Time
	width    int
	shown    bool
}

func (a *app) progress() *progress {
	p := &progress{out: a.err, every: 10 * time.Second, start: time.Now(), last: time.Now()}
	if a.Quiet || a.JSON {
		p.out = io.Discard
	}
	if f, ok := a.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.terminal, p.every = true, 100*time.Millisecond
	}
	return p
}

// show prints the line that text makes, if it is time.
func (p *progress) show(done, total int, text func() string) {
	now := time.Now()
	if now.Sub(p.last) < p.every && done < total {
		return
	}
	p.last = now
	line := fmt.Sprintf("%d/%d  %s  %s", done, total, text(), p.eta(done, total))
	if !p.terminal {
		fmt.Fprintln(p.out, line)
		return
	}
	fmt.Fprintf(p.out, "\r%s%s", line, strings.Repeat(" ", max(0, p.width-len(line))))
	p.width, p.shown = len(line), true
}

func (p *progress) eta(done, total int) string {
	if done == 0 {
		return ""
	}
	gone := time.Since(p.start)
	left := time.Duration(float64(gone) / float64(done) * float64(total-done)).Round(time.Second)
	if done >= total {
		return "in " + gone.Round(100*time.Millisecond).String()
	}
	return "ETA " + left.String()
}

func (p *progress) end() {
	if p.shown {
		fmt.Fprintln(p.out)
	}
}

var bars = []rune("▁▂▃▄▅▆▇█")

// sparkline draws the last n values; a run that trains nothing has none.
func sparkline(values []float64, n int) string {
	if len(values) == 0 {
		return ""
	}
	if len(values) > n {
		values = values[len(values)-n:]
	}
	lo, hi := values[0], values[0]
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
	}
	out := make([]rune, len(values))
	for i, v := range values {
		k := 0
		if hi > lo {
			k = int((v - lo) / (hi - lo) * float64(len(bars)-1))
		}
		out[i] = bars[k]
	}
	return string(out)
}
