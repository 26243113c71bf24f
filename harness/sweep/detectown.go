package sweep

import (
	"fmt"
	"math"

	"theriac/harness/corpus"
	"theriac/harness/defense"
	"theriac/harness/store"
)

// Script is the level of the detectors that a script brings. It stands beside the pipeline's levels: the ensemble leaves it out.
const Script defense.Level = "script"

// judging are all levels, in the order of their verdicts.
var judging = append(append([]defense.Level{}, Levels...), Script)

// OwnDetector is a detector of the script's own, higher is worse. One of Rows and Steps is set.
type OwnDetector struct {
	Name  string
	Func  Func
	Rows  func([]corpus.Example) float64 // of the rows as they pass validation, without ID and labels
	Steps func([]store.Step) float64     // of the training's steps
}

// checkOwn names the first that cannot be asked.
func checkOwn(own []OwnDetector) error {
	names := map[string]bool{}
	for i := range own {
		o := &own[i]
		switch {
		case !metricName.MatchString(o.Name) || names[o.Name]:
			return fmt.Errorf("detector %q: want a name of its own, of small letters, digits, _ and -", o.Name)
		case (o.Rows == nil) == (o.Steps == nil):
			return fmt.Errorf("detector %q: want one function, of rows or of steps", o.Name)
		}
		names[o.Name] = true
	}
	return nil
}

// ask gives a script's detector what it sees.
func (r *run) ask(o *OwnDetector) (v float64, err error) {
	if o.Rows != nil {
		v = o.Rows(defense.Blind(r.checked))
	} else {
		v = o.Steps(r.curve.Steps)
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("detector %s gives %g at seed %d; want a finite number", o.Name, v, r.spec.Seed)
	}
	return v, nil
}

// sees is the pipeline's level at which a script's detector looks.
func (d *Detect) sees(name string) defense.Level {
	for i := range d.Own {
		if d.Own[i].Name == name && d.Own[i].Rows != nil {
			return defense.Data
		}
	}
	return defense.Monitor
}
