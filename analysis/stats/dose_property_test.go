package stats

// Laws of Dose on random tables, most of them degenerate: few doses, few groups, no
// successes, separation, groups that agree exactly.

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// randomDoses is a table of up to six doses and up to four groups.
func randomDoses(r *rand.Rand) []DoseRow {
	groups, trials := r.IntN(5), 1+r.IntN(30)
	slope, mid := 2*r.NormFloat64(), 10*r.Float64()
	var rows []DoseRow
	for range 1 + r.IntN(6) {
		dose := float64(r.IntN(12))
		for g := range max(groups, 1) {
			row := DoseRow{Dose: dose, Trials: trials}
			p, _, _, _ := Logit.curve(slope * (dose - mid))
			for range trials {
				if r.Float64() < p {
					row.Successes++
				}
			}
			if groups > 0 {
				row.Group = fmt.Sprint("g", g)
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// lawful says what is wrong with an interval beside its value, or "".
func lawful(v Interval, value float64) string {
	slack := 1e-9 * math.Abs(value)
	switch {
	case math.IsNaN(v.Low) || math.IsNaN(v.High):
		return "is not a number"
	case v.Low > v.High:
		return "is reversed"
	case !math.IsNaN(value) && (value < v.Low-slack || value > v.High+slack):
		return fmt.Sprintf("leaves out the value %v", value)
	}
	return ""
}

func checkDoseLaws(t *testing.T, rows []DoseRow, opt DoseOptions) {
	t.Helper()
	got, err := Dose(rows, opt)
	if err != nil {
		t.Fatal(err)
	}
	bad := func(what string, v Interval, why string) {
		if why != "" {
			t.Errorf("%s %v %s: rows %v, options %+v", what, v, why, rows, opt)
		}
	}
	nan := math.NaN()
	for _, e := range []EffectiveDose{got.ED50, got.ED90} {
		value := e.Estimate.Value
		if math.IsNaN(value) && len(e.Estimate.Warnings) == 0 {
			t.Errorf("no dose and no warning: rows %v, options %+v", rows, opt)
		}
		for _, name := range families {
			v := *e.Delta.of(name)
			bad("delta "+name, v, lawful(v, value))
			if v.Low == v.High && len(e.Estimate.Warnings) == 0 {
				bad("delta "+name, v, "has no width and no warning")
			}
			bad("profile "+name, *e.Profile.of(name), lawful(*e.Profile.of(name), value))
		}
		bad("bracket", e.Bracket, lawful(e.Bracket, nan))
		bad("recommended", e.Estimate.Interval, lawful(e.Estimate.Interval, nan))
	}
	for _, e := range []Estimate{got.Slope, got.Intercept, got.Floor, got.Ceiling} {
		bad("parameter", e.Interval, lawful(e.Interval, e.Value))
		if math.IsNaN(e.Value) && len(got.Warnings) == 0 {
			t.Errorf("no parameter and no warning: rows %v, options %+v", rows, opt)
		}
	}
	for _, e := range got.Curve([]float64{0, 3, 7, 100}) {
		bad("curve", e.Interval, lawful(e.Interval, e.Value))
		if e.Interval.Low < 0 || e.Interval.High > 1 {
			bad("curve", e.Interval, "leaves [0, 1]")
		}
	}
	if _, err := json.Marshal(got); err != nil {
		t.Errorf("%v: rows %v, options %+v", err, rows, opt)
	}
}

func TestDoseOnDegenerateTables(t *testing.T) {
	for seed, c := range []struct {
		tables int
		opt    DoseOptions
	}{
		{80, DoseOptions{}}, {80, DoseOptions{Scale: LogScale}},
		{80, DoseOptions{Link: Probit}}, {80, DoseOptions{Link: Probit, Scale: LogScale}},
		{5, DoseOptions{FitFloor: true}}, {5, DoseOptions{FitCeiling: true, Link: Probit}},
		{5, DoseOptions{FitFloor: true, FitCeiling: true, Scale: LogScale}},
	} {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		for range c.tables {
			checkDoseLaws(t, randomDoses(r), c.opt)
		}
	}
}

// Two tables that once gave an interval that was not a number: groups that agree
// exactly, and two groups for two parameters.
func TestDoseWhereGroupsAgree(t *testing.T) {
	for _, rows := range [][]DoseRow{
		{{6, 1, 20, "a"}, {6, 3, 20, "b"}, {6, 1, 20, "c"}, {6, 6, 20, "d"}, {4, 0, 20, "a"}, {4, 0, 20, "b"}, {4, 0, 20, "c"}, {4, 0, 20, "d"},
			{10, 20, 20, "a"}, {10, 20, 20, "b"}, {10, 20, 20, "c"}, {10, 20, 20, "d"}},
		{{1, 2, 20, "a"}, {1, 2, 20, "b"}, {5, 9, 20, "a"}, {5, 9, 20, "b"}, {9, 18, 20, "a"}, {9, 18, 20, "b"}},
	} {
		for _, link := range []Link{Logit, Probit} {
			checkDoseLaws(t, rows, DoseOptions{Link: link})
			checkDoseLaws(t, rows, DoseOptions{Link: link, FitFloor: true, Scale: LogScale})
		}
	}
}
