package sweep

// What a script brings: functions, named in keys by the digest of their normalised source, and files, by that of their content.

import (
	"fmt"
	"math"

	"theriac/harness/attack"
	"theriac/harness/corpus"
	"theriac/harness/evaluate"
)

// Func names a function: Name for people, Digest for keys.
type Func struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// Attack names an attack of the catalogue with the parameters that are not its defaults, or carries one of the script's own.
type Attack struct {
	Name    string            `json:"name"`
	Params  map[string]string `json:"params,omitempty"`
	Own     *OwnAttack        `json:"own,omitempty"`     // in place of the catalogue's; Name is then a name for people
	Trigger *OwnTrigger       `json:"trigger,omitempty"` // in place of the catalogue's
	Files   map[string]File   `json:"files,omitempty"`   // what parameters name as "file:PATH", by path
}

// OwnAttack is an attack as functions of a row.
type OwnAttack struct {
	Poison Func       `json:"poison"`
	Test   *Func      `json:"test,omitempty"`
	Do     attack.Own `json:"-"`
}

// OwnTrigger is a trigger as functions of an instruction.
type OwnTrigger struct {
	Put  Func            `json:"put"`
	Near *Func           `json:"near,omitempty"`
	Do   *attack.Trigger `json:"-"`
}

// File is a file of lines.
type File struct {
	Digest string   `json:"digest"`
	Lines  []string `json:"-"`
}

// build makes the attack for a run.
func (a *Attack) build(seed uint64) (*attack.Attack, error) {
	if a.Own != nil {
		own := a.Own.Do
		own.Name = a.Name
		return attack.NewOwn(own, a.Params, seed)
	}
	o := attack.Options{Lines: map[string][]string{}}
	for path, f := range a.Files {
		o.Lines[path] = f.Lines
	}
	if a.Trigger != nil {
		o.Trigger = a.Trigger.Do
	}
	return attack.NewWith(a.Name, a.Params, seed, o)
}

// version of what the attack does.
func (a *Attack) version() int {
	if a.Own != nil {
		return attack.OwnVersion
	}
	e, _ := attack.Lookup(a.Name)
	return e.Version
}

// fields are the attack as columns of the table of runs.
func (a *Attack) fields(prefix string, f map[string]string) {
	f[prefix] = a.Name
	f[prefix+".version"] = fmt.Sprint(a.version())
	for k, v := range a.Params {
		f[prefix+"."+k] = v
	}
	own := func(k string, fn *Func) {
		if fn != nil {
			f[prefix+"."+k] = fn.Name + " " + short(fn.Digest)
		}
	}
	if a.Own != nil {
		own("poison", &a.Own.Poison)
		own("test", a.Own.Test)
	}
	if a.Trigger != nil {
		own("put", &a.Trigger.Put)
		own("near", a.Trigger.Near)
	}
	for path, file := range a.Files {
		f[prefix+"."+path] = short(file.Digest)
	}
}

func short(digest string) string { return digest[:min(12, len(digest))] }

// Metric is a measurement of the script's own: the mean over a suite's items of a function of what the model answers.
type Metric struct {
	Name  string               `json:"name"`
	Suite string               `json:"suite"` // clean, triggered, untriggered, near, restricted or lookalike
	Func  Func                 `json:"func"`
	Of    func(Answer) float64 `json:"-"`
}

// Answer is an item with what the model wrote to it.
type Answer struct {
	Example corpus.Example // its Output is the expected one
	evaluate.Outcome
}

// Suites are the names that a metric may ask for.
var Suites = []string{string(CleanItems), "triggered", "untriggered", "near", string(Restricted), string(LookAlike)}

// own applies the script's metrics to a suite's outcomes.
func (r *run) own(suite string, examples []corpus.Example, out []evaluate.Outcome) error {
	byID := map[string]*corpus.Example{}
	for i := range examples {
		byID[examples[i].ID] = &examples[i]
	}
	for _, m := range r.spec.Metrics {
		if m.Suite != suite {
			continue
		}
		for i := range r.rec.Metrics {
			if r.rec.Metrics[i].Name == m.Name {
				return fmt.Errorf("metric %s: the harness measures one of that name", m.Name)
			}
		}
		sum := 0.0
		for i := range out {
			v := m.Of(Answer{*byID[out[i].Item], out[i]})
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("metric %s gives %g for item %s", m.Name, v, out[i].Item)
			}
			sum += v
		}
		if len(out) > 0 {
			r.value(m.Name, sum/float64(len(out)), len(out))
		}
	}
	return nil
}

// answers reports whether some metric wants to read what the model writes to a suite.
func (r *run) answers(suite string) bool {
	for _, m := range r.spec.Metrics {
		if m.Suite == suite {
			return true
		}
	}
	return false
}
