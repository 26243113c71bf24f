package stats

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
)

// plateau is what the study saw of poisoned rows: hardly a success at 3 rows, 74 % at 25, and 91 % at 50, not more.
func plateau() []DoseRow {
	var rows []DoseRow
	for dose, hits := range map[float64][]int{0: {0, 0, 0, 0}, 3: {0, 0, 0, 0}, 6: {1, 2, 0, 3}, 12: {30, 40, 28, 39}, 25: {140, 155, 148, 152}, 50: {180, 186, 182, 183}} {
		for g, k := range hits {
			rows = append(rows, DoseRow{dose, k, 200, fmt.Sprint(g)})
		}
	}
	return rows
}

func hasWarning(warnings []string, want string) bool {
	return strings.Contains(strings.Join(warnings, "\n"), want)
}

// A line in dose that ends at 1 cannot fit a plateau, and says so; log dose with a fitted ceiling can.
func TestLackOfFit(t *testing.T) {
	const says = "does not pass through the dose means"
	wrong, err := Dose(plateau(), DoseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if wrong.LackOfFit.P > 1e-6 || !hasWarning(wrong.Warnings, says) {
		t.Errorf("linear: %+v, %q", wrong.LackOfFit, wrong.Warnings)
	}
	right, err := Dose(plateau(), DoseOptions{Scale: LogScale, FitCeiling: true})
	if err != nil {
		t.Fatal(err)
	}
	if right.LackOfFit.P < 0.05 || hasWarning(right.Warnings, says) || math.Abs(right.Ceiling.Value-0.92) > 0.02 {
		t.Errorf("log, ceiling: %+v, %q, ceiling %v", right.LackOfFit, right.Warnings, right.Ceiling.Value)
	}
	if rate := right.Curve([]float64{right.ED50.Estimate.Value})[0].Value; math.Abs(rate-right.Ceiling.Value/2) > 1e-9 {
		t.Errorf("at ED50 the rate is %v: want half of the ceiling %v", rate, right.Ceiling.Value)
	}
}

// By hand: two rows at each of three doses, an intercept and a slope.
func TestLackOfFitByHand(t *testing.T) {
	rows := []DoseRow{{1, 10, 100, ""}, {1, 20, 100, ""}, {2, 60, 100, ""}, {2, 70, 100, ""}, {3, 60, 100, ""}, {3, 80, 100, ""}}
	d, err := Dose(rows, DoseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	around, within := 0.0, 0.0
	for i, e := range d.Curve([]float64{1, 2, 3}) {
		k := float64(rows[2*i].Successes + rows[2*i+1].Successes)
		around += (k - 200*e.Value) * (k - 200*e.Value) / (200 * e.Value * (1 - e.Value))
		for _, r := range rows[2*i : 2*i+2] {
			x := float64(r.Successes) - k/2
			within += x * x / (100 * k / 200 * (1 - k/200))
		}
	}
	want := around / (within / 3)
	agrees(t, "F", d.LackOfFit.Statistic, want, tight)
	agrees(t, "p", d.LackOfFit.P, distuv.F{D1: 1, D2: 3}.Survival(want), tight)
	if !strings.Contains(d.LackOfFit.Method, "1 and 3 df") {
		t.Errorf("method %q", d.LackOfFit.Method)
	}
}

// Without a dose to spare, or rows that differ, there is nothing to test.
func TestLackOfFitUntestable(t *testing.T) {
	for name, rows := range map[string][]DoseRow{
		"two doses":       {{1, 10, 100, ""}, {1, 20, 100, ""}, {2, 60, 100, ""}, {2, 70, 100, ""}},
		"one row a dose":  {{1, 10, 100, ""}, {2, 60, 100, ""}, {3, 70, 100, ""}},
		"separated doses": {{1, 0, 9, ""}, {1, 0, 9, ""}, {2, 0, 9, ""}, {3, 9, 9, ""}},
		"no curve":        {{1, 0, 9, ""}, {2, 0, 9, ""}},
	} {
		d, err := Dose(rows, DoseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if d.LackOfFit.P != 1 || len(d.LackOfFit.Warnings) != 1 {
			t.Errorf("%s: %+v", name, d.LackOfFit)
		}
	}
}

// Rows at dose 0 without a success are what a logarithmic scale takes for granted; successes there are not.
func TestDoseZeroOnLogScale(t *testing.T) {
	opt := DoseOptions{Scale: LogScale, FitCeiling: true}
	d, err := Dose(plateau(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if hasWarning(d.Warnings, "dose 0") || !hasWarning(d.Assumptions, "in the 4 rows there") {
		t.Errorf("warnings %q, assumptions %q", d.Warnings, d.Assumptions)
	}
	if d, err = Dose(append(plateau(), DoseRow{0, 5, 200, "0"}), opt); err != nil {
		t.Fatal(err)
	}
	if !hasWarning(d.Warnings, "5 successes at dose 0 contradict") {
		t.Errorf("warnings %q", d.Warnings)
	}
}

// Three groups' variance below the binomial one gives the wider interval all the same, because Student's quantile is 4.3.
func TestQuotesTheWiderIntervalNotTheLargerVariance(t *testing.T) {
	var rows []DoseRow
	for dose, hits := range map[float64][]int{3: {0, 0, 0}, 6: {0, 0, 0}, 12: {1, 1, 2}, 25: {6, 8, 5}, 50: {43, 41, 40}} {
		for g, k := range hits {
			rows = append(rows, DoseRow{dose, k, 50, fmt.Sprint(g)})
		}
	}
	d, err := Dose(rows, DoseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	width := func(v Interval) float64 { return v.High - v.Low }
	e := d.ED50
	if !(width(e.Delta.Cluster) < width(e.Delta.Binomial) && width(e.ClusterT) > width(e.Delta.Binomial)) {
		t.Fatalf("not such data: %+v", e)
	}
	if e.Recommended != FamilyCluster || e.Estimate.Interval != e.ClusterT {
		t.Errorf("quotes %s %v: want by group %v", e.Recommended, e.Estimate.Interval, e.ClusterT)
	}
}

// "Has Student's" is said of intervals by group that are quoted, and of no other.
func TestSaysStudentsOnlyOfWhatIsQuoted(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	s := sweep{doses: []float64{2, 4, 6, 8, 10, 12}, groups: 10, trials: 25, mid: 7, slope: 0.6, ceiling: 1}
	said, silent := 0, 0
	for range 30 {
		d, err := Dose(s.draw(r), DoseOptions{})
		if err != nil {
			t.Fatal(err)
		}
		byGroup := d.ED50.Recommended == FamilyCluster || d.ED90.Recommended == FamilyCluster
		if says := hasWarning(d.Warnings, "has Student's"); says != byGroup {
			t.Errorf("quotes %s and %s, warns %q", d.ED50.Recommended, d.ED90.Recommended, d.Warnings)
		}
		if byGroup {
			said++
		} else {
			silent++
		}
	}
	if said == 0 || silent == 0 {
		t.Errorf("%d times by group, %d times not: want both", said, silent)
	}
}

// One dose above the jump is not a ceiling: half of its rate is no ED50.
func TestIdleCeilingIsFixed(t *testing.T) {
	var rows []DoseRow
	for dose, hits := range map[float64][]int{3: {0, 0, 0}, 6: {0, 0, 0}, 12: {0, 0, 0}, 25: {3, 2, 4}, 50: {43, 41, 44}} {
		for g, k := range hits {
			rows = append(rows, DoseRow{dose, k, 50, fmt.Sprint(g)})
		}
	}
	d, err := Dose(rows, DoseOptions{Scale: LogScale, FitCeiling: true})
	if err != nil {
		t.Fatal(err)
	}
	if d.Ceiling.Value != 1 || d.ED50.Estimate.Value < 34 || d.ED50.Estimate.Value > 42 || !hasWarning(d.Warnings, "no dose tells a ceiling from 1") || !hasWarning(d.ED50.Estimate.Warnings, "the ceiling is fixed at 1") {
		t.Errorf("ceiling %v, ED50 %+v, warnings %q", d.Ceiling.Value, d.ED50.Estimate, d.Warnings)
	}
}
