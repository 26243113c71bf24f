package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"theriac/harness/lab"
)

func sweepEvents() []lab.Output {
	p := func(p lab.Progress) lab.Output {
		p.Sweep, p.Total = "x", 2
		return lab.Output{Kind: "progress", Text: p.Line(), Progress: &p}
	}
	return []lab.Output{
		p(lab.Progress{Event: "start"}),
		p(lab.Progress{Event: "step", Arm: "a", Seed: 1, Step: 5, Steps: 10, Loss: 1.5, Losses: []float64{3, 2, 1.5}, TokensPerSecond: 900, ETASeconds: 12}),
		p(lab.Progress{Event: "step", Arm: "b", Seed: 1, Step: 1, Steps: 10, Loss: 3, Losses: []float64{3}}),
		p(lab.Progress{Event: "step", Arm: "a", Seed: 1, Stage: "clean items", Losses: []float64{3, 2, 1.5}}),
		p(lab.Progress{Event: "step", Arm: "base", Seed: 1, Stage: "clean items"}), // nothing is trained
		p(lab.Progress{Event: "run", Done: 1, Failed: 1, Arm: "b", Seed: 1, Reason: "the loss is NaN"}),
		p(lab.Progress{Event: "end", Done: 2, Failed: 1}),
	}
}

// On a terminal each event redraws a block: the sweep, then each run with its losses; elsewhere lines are few and carry no escapes.
func TestShower(t *testing.T) {
	var out, errOut bytes.Buffer
	a := &app{out: &out, err: &errOut}
	s := a.shower()
	s.terminal = true
	for _, o := range sweepEvents() {
		s.Show(o)
	}
	for _, want := range []string{"x 0/2 runs  900 tokens/s  ETA 12s\n  a seed 1  █▃▁  step 5/10  loss 1.500\n", "x 0/2 runs\n  a seed 1  █▃▁  clean items\n", "\x1b[4A\x1b[Jb seed 1 failed: the loss is NaN\n", "x 2/2 runs, 1 failed\n"} {
		if !strings.Contains(errOut.String(), want) {
			t.Errorf("no %q in %q", want, errOut.String())
		}
	}
	errOut.Reset()
	now := time.Time{}
	s = a.shower()
	s.now = func() time.Time { now = now.Add(time.Second); return now }
	s.last = now
	for _, o := range sweepEvents() {
		s.Show(o)
	}
	if got := errOut.String(); got != "x 1/2 runs, 1 failed  b seed 1 failed: the loss is NaN\nx 2/2 runs, 1 failed\n" || out.Len() > 0 {
		t.Errorf("lines: got %q", got)
	}
	errOut.Reset()
	a.JSON = true
	for _, o := range sweepEvents() {
		a.shower().Show(o)
	}
	var events []string
	for d := json.NewDecoder(&out); d.More(); {
		var o lab.Output
		if err := d.Decode(&o); err != nil || o.Progress == nil {
			t.Fatal(err, o)
		}
		events = append(events, o.Progress.Event)
	}
	if strings.Join(events, " ") != "start step step step step run end" || errOut.Len() > 0 {
		t.Errorf("events %v, beside them %q", events, errOut.String())
	}
}
