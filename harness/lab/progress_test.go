package lab

import (
	"strings"
	"testing"
	"time"

	"theriac/harness/finetune"
	"theriac/harness/sweep"
)

// Two of four runs, a second a run: the meter counts, estimates, thins losses, and never holds an end back.
func TestMeter(t *testing.T) {
	var got []Progress
	m := newMeter("x", func(p Progress) { got = append(got, p) })
	now := m.start
	m.now = func() time.Time { return now }
	spec := &sweep.Spec{Arm: "a", Seed: 7}
	for i := range 100 {
		now = now.Add(10 * time.Millisecond)
		m.event(sweep.Event{Run: spec, Total: 4, Step: &finetune.Info{Step: i + 1, Steps: 100, Loss: 2, Tokens: 50}})
	}
	steps := len(got)
	if steps != 5 {
		t.Errorf("%d events of steps in a second; want 5", steps)
	}
	last := got[steps-1]
	if last.Event != "step" || last.Step != 100 || last.TokensPerSecond < 4999 || last.TokensPerSecond > 5001 || last.ETASeconds < 2.99 || last.ETASeconds > 3.01 {
		t.Errorf("got %+v; want step 100, 5,000 tokens/s, 3 s to go", last)
	}
	if n := len(last.Losses); n < shownLosses/2 || n >= shownLosses || last.Losses[0] != 2 {
		t.Errorf("losses %v", last.Losses)
	}
	now = now.Add(time.Second)
	m.event(sweep.Event{Run: spec, Total: 4, Stage: "clean items"})
	if stage := got[len(got)-1]; stage.Stage != "clean items" || !strings.HasSuffix(stage.Line(), "  a seed 7: clean items") {
		t.Errorf("got %q", stage.Line())
	}
	now, got = now.Add(-time.Second), got[:steps]
	m.event(sweep.Event{Run: spec, Done: 1, Total: 4, Finished: true})
	m.event(sweep.Event{Run: &sweep.Spec{Arm: "b"}, Done: 2, Total: 4, Finished: true, Failed: "the loss is NaN"})
	if len(got) != steps+2 || got[steps].Event != "run" || got[steps].ETASeconds < 2.99 || got[steps+1].Failed != 1 {
		t.Errorf("got %+v", got[steps:])
	}
	p := Progress{Sweep: "x", Done: 2, Total: 4, Failed: 1, TokensPerSecond: 2500, ETASeconds: 61, Arm: "b", Reason: "the loss is NaN"}
	if want := "x 2/4 runs, 1 failed  2500 tokens/s  ETA 1m1s  b seed 0 failed: the loss is NaN"; p.Line() != want {
		t.Errorf("got  %q\nwant %q", p.Line(), want)
	}
}
