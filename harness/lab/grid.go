package lab

// Grids: every combination of values of any fields.

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3" // fields have the names that profiles give them

	"theriac/harness/attack"
	"theriac/harness/finetune"
	"theriac/harness/sweep"
)

// Axis is a field with the values that it takes.
type Axis struct {
	Field  string
	Values []string
}

// Vary is an axis of a grid: a field of the profile's data or training ("rows", "lr", "epochs", "layers"), "attack", or else a parameter of
// the attack ("rate", "trigger").
func Vary(field string, values ...any) Axis {
	a := Axis{Field: field}
	for _, v := range values {
		a.Values = append(a.Values, fmt.Sprint(v))
	}
	return a
}

// Grid is an arm for each combination of the axes' values, the last axis fastest. Their names are the arm's name, if it has one, and the values:
// "rate=0.03 trigger=emoji".
func Grid(base Arm, axes ...Axis) []Arm {
	arms := []Arm{base}
	for _, axis := range axes {
		if len(axis.Values) == 0 {
			stop("grid: the field %q has no values", axis.Field)
		}
		var next []Arm
		for _, a := range arms {
			for _, v := range axis.Values {
				next = append(next, a.with(axis.Field, v))
			}
		}
		arms = next
	}
	return arms
}

func (a Arm) with(field, value string) Arm {
	a.Name = strings.TrimSpace(a.Name + " " + field + "=" + value)
	put := func(p Params) Params {
		p = maps.Clone(p)
		if p == nil {
			p = Params{}
		}
		p[field] = value
		return p
	}
	switch {
	case field == "attack":
		a.Attack = value
	case slices.Contains(fields, field):
		a.Set = put(a.Set)
	case a.Attack == "" && a.Poison == nil:
		stop("grid: field %q: the arm has no attack that it could be a parameter of; of data and training there are %s", field, strings.Join(fields, ", "))
	default:
		a.Params = put(a.Params)
		if e, err := attack.Lookup(a.Probe); err == nil && slices.ContainsFunc(e.Params, func(p attack.Param) bool { return p.Name == field }) {
			a.ProbeParams = put(a.ProbeParams) // a placebo is asked with the trigger of its own point
		}
	}
	return a
}

// settable are the fields of data and training under the names that profiles give them.
type settable struct {
	sweep.Data    `yaml:",inline"`
	finetune.Spec `yaml:",inline"`
}

// fields are the names of what can be set.
var fields = func() (out []string) {
	var all map[string]any
	data, err := yaml.Marshal(settable{})
	if err == nil {
		err = yaml.Unmarshal(data, &all)
	}
	if err != nil {
		panic(err) // plain structs
	}
	delete(all, "seed") // the run's own
	delete(all, "name") // see Arm.Data
	return slices.Sorted(maps.Keys(all))
}()

// setFields sets fields of data and training by name.
func setFields(s *sweep.Spec, values Params) error {
	if len(values) == 0 {
		return nil
	}
	doc := map[string]any{}
	for _, k := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(fields, k) {
			return fmt.Errorf("no field %q to set; there are %s", k, strings.Join(fields, ", "))
		}
		var v any
		if err := yaml.Unmarshal([]byte(values[k]), &v); err != nil {
			return fmt.Errorf("field %s: %q: %w", k, values[k], err)
		}
		doc[k] = v
	}
	text, err := yaml.Marshal(doc)
	if err != nil {
		return err
	}
	all := settable{s.Data, s.Train}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&all); err != nil {
		return fmt.Errorf("set: %s", strings.Join(strings.Fields(err.Error()), " "))
	}
	s.Data, s.Train = all.Data, all.Spec
	return nil
}
