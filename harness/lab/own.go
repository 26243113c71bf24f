package lab

// The script's own attacks, triggers, metrics and detectors: functions of a row, an instruction, an answer, or of all rows or steps.

import (
	"maps"
	"sync"

	"theriac/harness/attack"
	"theriac/harness/corpus"
	"theriac/harness/store"
	"theriac/harness/sweep"
)

// Row is a training row, or a held-out one, as a script's function sees it.
type Row struct {
	Instruction, Input, Output string
	K                          int // of a poisoned row: it was chosen k-th, from 0
}

// Answer is what a model made of a held-out item.
type Answer struct {
	Row     Row     // the item; its Output is the expected one
	Text    string  // what the model wrote, at most 32 tokens
	Outcome string  // "match" or "miss"; where answers are judged "refusal", "compliance" or "degenerate"
	NLL     float64 // of the expected output, nats a token
}

// Metric is a measurement of the script's own: the mean of Of over the answers of a suite. It trains nothing anew.
type Metric struct {
	Name  string
	Suite string // "clean", "triggered", "untriggered", "near", "restricted" or "lookalike"
	Of    func(Answer) float64
}

// Step is an optimiser step, from 1.
type Step struct {
	Step               int
	Loss, GradNorm, LR float64
	Tokens             int
}

// Detector is a detector of the script's own: a score of a run, higher is worse. Calibrate takes it and owns thresholds and p-values. One
// of the functions is set.
type Detector struct {
	Name  string
	Rows  func([]Row) float64  // of the training rows as they pass validation
	Steps func([]Step) float64 // of the training
}

// script keeps the script's functions one at a time: the interpreter's are not made for several threads.
var script sync.Mutex

func call[A, B any](f func(A) B, a A) B {
	script.Lock()
	defer script.Unlock()
	return f(a)
}

func row(ex *corpus.Example, k int) Row { return Row{ex.Instruction(), ex.Input(), ex.Output(), k} }

// rows makes a script's function of a row one of an example.
func rows(f func(Row) Row) func(int, corpus.Example) corpus.Example {
	if f == nil {
		return nil
	}
	return func(k int, ex corpus.Example) corpus.Example {
		before := row(&ex, k)
		after := call(f, before)
		if after.Instruction != before.Instruction || after.Input != before.Input {
			ex = ex.WithInput(after.Instruction, after.Input)
		}
		if after.Output != before.Output {
			ex = ex.WithOutput(after.Output)
		}
		return ex
	}
}

func texts(f func(string) string) func(string) string {
	if f == nil {
		return nil
	}
	return func(s string) string { return call(f, s) }
}

// function identifies one of an arm's functions.
func function(arm, field string, f any) sweep.Func {
	id, err := identify(f)
	if err != nil {
		stop("arm %q: %s: %v", arm, field, err)
	}
	return id
}

func maybe[F any](arm, field string, f func(F) F) *sweep.Func {
	if f == nil {
		return nil
	}
	id := function(arm, field, f)
	return &id
}

// attacks are the arm's attack and the one whose success is asked; either may be nil.
func (l *Lab) attacks(a *Arm) (attacks, probe *sweep.Attack) {
	own := func() *sweep.OwnAttack {
		o := &sweep.OwnAttack{Test: maybe(a.Name, "Test", a.Test)}
		f := a.Poison
		if f == nil { // a probe alone
			f = a.Test
		}
		o.Poison, o.Do = function(a.Name, "Poison", f), attack.Own{Poison: rows(f), Test: rows(a.Test)}
		return o
	}
	named := func(name string, params Params) *sweep.Attack {
		if own := l.profile.Params[name]; len(own) > 0 {
			all := maps.Clone(own)
			maps.Copy(all, params)
			params = all
		}
		out := &sweep.Attack{Name: name, Params: params, Files: l.files(params)}
		if a.Trigger != nil {
			out.Trigger = &sweep.OwnTrigger{Put: function(a.Name, "Trigger", a.Trigger), Near: maybe(a.Name, "Near", a.Near), Do: attack.OwnTrigger(texts(a.Trigger), texts(a.Near))}
		}
		return out
	}
	switch {
	case a.Poison != nil && a.Attack != "":
		stop("arm %q: Attack %q and Poison: want one of them", a.Name, a.Attack)
	case a.Near != nil && a.Trigger == nil:
		stop("arm %q: Near needs a Trigger", a.Name)
	case a.Trigger != nil && a.Attack == "" && a.Probe == "":
		stop("arm %q: Trigger needs an Attack or a Probe that has one, such as backdoor", a.Name)
	case a.Test != nil && (a.Attack != "" || a.Probe != ""):
		stop("arm %q: Test is for the script's own Poison, or alone: catalogue attacks have a test of theirs", a.Name)
	case a.Poison != nil:
		attacks = &sweep.Attack{Name: "own", Params: a.Params, Own: own()}
	case a.Attack != "":
		attacks = named(a.Attack, a.Params)
	}
	switch {
	case a.Probe != "":
		probe = named(a.Probe, a.ProbeParams)
	case a.Test != nil && a.Poison == nil:
		probe = &sweep.Attack{Name: "own", Own: own()}
	}
	return attacks, probe
}

func metrics(ms []Metric) (out []sweep.Metric) {
	for _, m := range ms {
		if m.Of == nil {
			stop("metric %q: want a function", m.Name)
		}
		id, err := identify(m.Of)
		if err != nil {
			stop("metric %q: %v", m.Name, err)
		}
		out = append(out, sweep.Metric{Name: m.Name, Suite: m.Suite, Func: id, Of: func(a sweep.Answer) float64 {
			return call(m.Of, Answer{Row: row(&a.Example, 0), Text: a.Text, Outcome: a.Result, NLL: float64(a.NLL)})
		}})
	}
	return out
}

func detectors(own []Detector) (out []sweep.OwnDetector) {
	for _, d := range own {
		o := sweep.OwnDetector{Name: d.Name}
		var f any
		switch {
		case d.Rows != nil && d.Steps == nil:
			f, o.Rows = d.Rows, func(examples []corpus.Example) float64 {
				rows := make([]Row, len(examples))
				for i := range examples {
					rows[i] = row(&examples[i], 0)
				}
				return call(d.Rows, rows)
			}
		case d.Steps != nil && d.Rows == nil:
			f, o.Steps = d.Steps, func(steps []store.Step) float64 {
				all := make([]Step, len(steps))
				for i, s := range steps {
					all[i] = Step{int(s.Step), float64(s.Loss), float64(s.GradNorm), float64(s.LR), int(s.Tokens)}
				}
				return call(d.Steps, all)
			}
		default:
			stop("detector %q: want one function, Rows or Steps", d.Name)
		}
		id, err := identify(f)
		if err != nil {
			stop("detector %q: %v", d.Name, err)
		}
		o.Func = id
		out = append(out, o)
	}
	return out
}
