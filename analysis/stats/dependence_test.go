package stats

import (
	"fmt"
	"math"
	"testing"
)

// Slopes that are the same at every pair of sizes fit; rates that jump at one size do not, and a warning says so.
func TestLackOfSlopes(t *testing.T) {
	rows := func(jump float64) (out []TwoSlopeRow) {
		for _, poison := range []float64{10, 20, 40} {
			for _, clean := range []float64{500, 1000, 2000} {
				eta := -6 + 2*math.Log(poison)
				if clean == 1000 {
					eta += jump
				}
				for seed := range 8 {
					rate := 1 / (1 + math.Exp(-eta-0.3*math.Sin(float64(7*seed)+poison+clean)))
					out = append(out, TwoSlopeRow{poison, clean, int(100*rate + 0.5), 100, fmt.Sprint(seed)})
				}
			}
		}
		return out
	}
	even, err := FitTwoSlope(rows(0), TwoSlopeOptions{})
	if err != nil || even.LackOfFit.P < 0.05 || hasWarning(even.Warnings, "the slopes are not the same everywhere") {
		t.Errorf("one plane: p %v, %v, %v", even.LackOfFit.P, even.Warnings, err)
	}
	bent, err := FitTwoSlope(rows(3), TwoSlopeOptions{})
	if err != nil || bent.LackOfFit.P > 0.001 || !hasWarning(bent.Warnings, "the slopes are not the same everywhere") {
		t.Errorf("a jump at one size: p %v, %v, %v", bent.LackOfFit.P, bent.Warnings, err)
	}
}

// The worst case of a mixture, and of the best single column, on the half that did not choose.
func TestWorst(t *testing.T) {
	pennies := [][]float64{{1, 0}, {0, 1}}
	g, err := SolveSplitGame([][][]float64{pennies, pennies}, 0.95)
	if err != nil || g.WorstMixed != 0.5 || g.WorstPure != 1 || g.Pure != 0 {
		t.Errorf("matching pennies: %v, %v, column %d, %v", g.WorstMixed, g.WorstPure, g.Pure, err)
	}
	// The first half mixes for what the second does not repeat; one column is safe in both.
	g, err = SolveSplitGame([][][]float64{{{0.9, 0.1, 0.4}, {0.1, 0.9, 0.4}}, {{0.9, 0.9, 0.4}, {0.9, 0.9, 0.4}}}, 0.95)
	if err != nil || g.Pure != 2 || g.WorstPure != 0.4 || g.WorstMixed < g.WorstPure {
		t.Errorf("a safe column: %v, %v, column %d, %v", g.WorstMixed, g.WorstPure, g.Pure, err)
	}
}

// An interval from single doses is over trials; where there are groups, that is said.
func TestBracketOfGroups(t *testing.T) {
	rows := []DoseRow{}
	for seed := range 3 {
		rows = append(rows, DoseRow{10, 0, 100, fmt.Sprint(seed)}, DoseRow{20, 100, 100, fmt.Sprint(seed)})
	}
	d, err := Dose(rows, DoseOptions{})
	if err != nil || d.ED50.Recommended != FamilyBracket || !hasWarning(d.ED50.Estimate.Warnings, "groups, which may succeed or fail as a whole, are ignored") {
		t.Errorf("%v %v %v", d.ED50.Recommended, d.ED50.Estimate.Warnings, err)
	}
}
