package lab

import (
	"fmt"
	"sync"
	"time"

	"theriac/harness/sweep"
)

// Progress is how a sweep goes, as an event.
type Progress struct {
	Event           string    `json:"event"` // "start", "step" (or a stage), "run" (one ended) or "end"
	Sweep           string    `json:"sweep"`
	Done            int       `json:"done"`
	Total           int       `json:"total"`
	Failed          int       `json:"failed"`
	Elsewhere       int       `json:"elsewhere,omitempty"` // at the end: runs that are other processes' or shards'
	Arm             string    `json:"arm,omitempty"`
	Seed            int       `json:"seed,omitempty"`
	Step            int       `json:"step,omitempty"`
	Steps           int       `json:"steps,omitempty"`
	Loss            float64   `json:"loss,omitempty"`
	Losses          []float64 `json:"losses,omitempty"` // of the run so far, in up to 24 means
	Stage           string    `json:"stage,omitempty"`  // after its training: which items are judged, or "detectors"
	Reason          string    `json:"reason,omitempty"` // why the run failed
	TokensPerSecond float64   `json:"tokens_per_second,omitempty"`
	ETASeconds      float64   `json:"eta_seconds,omitempty"` // 0: not known yet
}

// Line is the event in words.
func (p *Progress) Line() string {
	line := fmt.Sprintf("%s %d/%d runs", p.Sweep, p.Done, p.Total)
	if p.Failed > 0 {
		line += fmt.Sprintf(", %d failed", p.Failed)
	}
	if p.TokensPerSecond > 0 {
		line += fmt.Sprintf("  %.0f tokens/s", p.TokensPerSecond)
	}
	if p.ETASeconds > 0 {
		line += "  ETA " + (time.Duration(p.ETASeconds) * time.Second).String()
	}
	switch {
	case p.Reason != "":
		line += fmt.Sprintf("  %s seed %d failed: %s", p.Arm, p.Seed, p.Reason)
	case p.Stage != "":
		line += fmt.Sprintf("  %s seed %d: %s", p.Arm, p.Seed, p.Stage)
	case p.Event == "step":
		line += fmt.Sprintf("  %s seed %d step %d/%d loss %.3f", p.Arm, p.Seed, p.Step, p.Steps, p.Loss)
	}
	return line
}

// meter turns a sweep's events into progress: steps at most five times a second, ends of runs always.
type meter struct {
	mu      sync.Mutex
	name    string
	show    func(Progress)
	now     func() time.Time
	start   time.Time
	last    time.Time
	tokens  int
	failed  int
	ran     int
	running map[string]*running
}

type running struct {
	losses []float64
	each   int // steps behind each of losses
	sum    float64
	n      int
	part   float64 // of its steps
}

const shownLosses = 24

func newMeter(name string, show func(Progress)) *meter {
	now := time.Now()
	return &meter{name: name, show: show, now: time.Now, start: now, last: now, running: map[string]*running{}}
}

func (m *meter) event(e sweep.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := e.Run.String()
	p := Progress{Event: "step", Sweep: m.name, Done: e.Done, Total: e.Total, Arm: e.Run.Arm, Seed: int(e.Run.Seed), Stage: e.Stage, Reason: e.Failed}
	r := m.running[key]
	if r == nil {
		r = &running{each: 1}
		m.running[key] = r
	}
	if s := e.Step; s != nil {
		m.tokens += s.Tokens
		r.add(s.Loss)
		r.part = float64(s.Step) / float64(s.Steps)
		p.Step, p.Steps, p.Loss = s.Step, s.Steps, s.Loss
	}
	if e.Finished {
		p.Event = "run"
		delete(m.running, key)
		m.ran++
		if e.Failed != "" {
			m.failed++
		}
	}
	now := m.now()
	if !e.Finished && now.Sub(m.last) < 200*time.Millisecond {
		return
	}
	m.last = now
	p.Failed, p.Losses = m.failed, append([]float64(nil), r.losses...)
	if gone := now.Sub(m.start).Seconds(); gone > 0 {
		p.TokensPerSecond = float64(m.tokens) / gone
		did := float64(m.ran)
		for _, r := range m.running {
			did += r.part
		}
		if left := float64(e.Total-e.Done) - did + float64(m.ran); did > 0 && left > 0 {
			p.ETASeconds = gone / did * left
		}
	}
	m.show(p)
}

// add keeps the losses as at most shownLosses means of equally many steps.
func (r *running) add(loss float64) {
	r.sum, r.n = r.sum+loss, r.n+1
	if r.n < r.each {
		return
	}
	r.losses, r.sum, r.n = append(r.losses, r.sum/float64(r.n)), 0, 0
	if len(r.losses) == shownLosses {
		for i := range shownLosses / 2 {
			r.losses[i] = (r.losses[2*i] + r.losses[2*i+1]) / 2
		}
		r.losses, r.each = r.losses[:shownLosses/2], 2*r.each
	}
}
