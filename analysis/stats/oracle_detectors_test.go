package stats

// Slopes, curves, corrections, families, power and games against statsmodels, SciPy and R:
// testdata/oracle_models.py and oracle_models.R.

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// twoSlopeRow reads [poison, clean, successes, trials, group].
type twoSlopeRow TwoSlopeRow

func (r *twoSlopeRow) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&r.Poison, &r.Clean, &r.Successes, &r.Trials, &r.Group})
}

func TestTwoSlopeAgainstStatsmodels(t *testing.T) {
	var o struct {
		Two_slope []struct {
			Rows              []twoSlopeRow
			Params            []float64
			Cov               [][]float64
			Count, Rate, Flat float64
			Fieller           []float64
		}
	}
	readOracle(t, "oracle_models_py.json", &o)
	if len(o.Two_slope) != 3 {
		t.Fatalf("%d cases: want 3", len(o.Two_slope))
	}
	for i, c := range o.Two_slope {
		rows := make([]TwoSlopeRow, len(c.Rows))
		for j, r := range c.Rows {
			rows[j] = TwoSlopeRow(r)
		}
		got, err := FitTwoSlope(rows, TwoSlopeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		at := func(s string) string { return fmt.Sprintf("case %d %s", i, s) }
		for j, e := range []Estimate{got.Intercept, got.Poison, got.Clean} {
			agrees(t, at("coefficient"), e.Value, c.Params[j], tight)
			half := tCritical(0.95, 9) * math.Sqrt(c.Cov[j][j])
			agrees(t, at("interval"), e.Interval.High, c.Params[j]+half, tight)
		}
		agreesInterval(t, at("ratio"), got.Ratio.Interval, c.Fieller, tight)
		agrees(t, at("count only"), got.CountOnly.Test.P, c.Count, tight)
		agrees(t, at("rate only"), got.RateOnly.Test.P, c.Rate, tight)
		agrees(t, at("clean flat"), got.CleanFlat.Test.P, c.Flat, tight)
	}
}

func TestScoresAgainstPROC(t *testing.T) {
	var o struct {
		Scores []struct{ Clean, Attacked []float64 }
	}
	readOracle(t, "oracle_models_py.json", &o)
	var r struct {
		AUC []struct{ AUC, SE, Low, High, Partial float64 }
	}
	readOracle(t, "oracle_models_r.json", &r)
	if len(r.AUC) != 5 || len(o.Scores) != 5 {
		t.Fatalf("%d cases: want 5", len(r.AUC))
	}
	for i, c := range r.AUC {
		s := o.Scores[i]
		got, err := AUROC(s.Clean, s.Attacked, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "auc", got.Estimate.Value, c.AUC, tight)
		agrees(t, "se", got.SE, c.SE, tight)
		agreesInterval(t, "wald", got.Wald, []float64{c.Low, c.High}, tight)
		p, err := PartialAUC(rand.NewPCG(1, 1), s.Clean, s.Attacked, 0.2, 0.95, 100)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "partial auc", p.Value, c.Partial, tight)
	}
}

func TestGamesAgainstLinprog(t *testing.T) {
	var o struct {
		Games []struct {
			Payoff [][]float64
			Value  float64
		}
	}
	readOracle(t, "oracle_models_py.json", &o)
	if len(o.Games) != 6 {
		t.Fatalf("%d cases: want 6", len(o.Games))
	}
	for _, c := range o.Games {
		g, err := SolveGame(c.Payoff)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "value", g.Value, c.Value, tight)
	}
}

func TestCorrectionsAgainstOracles(t *testing.T) {
	var o struct {
		Prevalence []struct {
			Counts   []int
			Value    float64
			Interval []float64
		}
	}
	readOracle(t, "oracle_models_py.json", &o)
	if len(o.Prevalence) != 4 {
		t.Fatalf("%d cases: want 4", len(o.Prevalence))
	}
	for _, c := range o.Prevalence {
		k := c.Counts
		e, err := RoganGladen(Count{k[0], k[1]}, Count{k[2], k[3]}, Count{k[4], k[5]}, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "rogan-gladen", e.Value, c.Value, tight)
		agreesInterval(t, "rogan-gladen", e.Interval, c.Interval, tight)
	}
	var r struct {
		Meld []struct {
			Counts                   []int
			Prevalence, Scan, Review float64
			PPV, NPV, Cost           []float64
		}
		Adjust  struct{ P, Holm, BH []float64 }
		Student struct{ Two, One float64 }
	}
	readOracle(t, "oracle_models_r.json", &r)
	if len(r.Meld) != 3 {
		t.Fatalf("%d cases: want 3", len(r.Meld))
	}
	for _, c := range r.Meld {
		k := c.Counts
		p, err := PredictiveValues(c.Prevalence, Count{k[0], k[1]}, Count{k[2], k[3]}, Costs{c.Scan, c.Review}, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		agreesInterval(t, "ppv", p.PPV.Interval, c.PPV, loose)
		agreesInterval(t, "npv", p.NPV.Interval, c.NPV, loose)
		agreesInterval(t, "cost", p.Cost.Interval, c.Cost, loose)
	}
	holm, err := Holm(r.Adjust.P, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	bh, err := BenjaminiHochberg(r.Adjust.P, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Adjust.P {
		agrees(t, "holm", holm.Adjusted[i], r.Adjust.Holm[i], tight)
		agrees(t, "benjamini-hochberg", bh.Adjusted[i], r.Adjust.BH[i], tight)
	}
	agrees(t, "student power", studentPower(14, 0.8*math.Sqrt(15), 0.05, TwoSided), r.Student.Two, tight)
	agrees(t, "student power", studentPower(19, 0.5*math.Sqrt(20), 0.01, Greater), r.Student.One, tight)
}

func TestPowerAgainstEnumeration(t *testing.T) {
	var o struct {
		Power struct {
			McNemar []struct {
				N                  int
				P, Q, Alpha, Power float64
			}
			Rates []struct {
				N1, N2        int
				P1, P2, Power float64
			}
		}
	}
	readOracle(t, "oracle_models_py.json", &o)
	if len(o.Power.McNemar) != 3 || len(o.Power.Rates) != 2 {
		t.Fatal("want 3 and 2 cases")
	}
	for _, c := range o.Power.McNemar {
		p, err := McNemarPower(c.N, c.P, c.Q, c.Alpha, TwoSided)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "mcnemar", p.Power, c.Power, tight)
	}
	for _, c := range o.Power.Rates {
		p, err := RatesPower(c.N1, c.N2, c.P1, c.P2, 0.05, TwoSided)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "rates", p.Power, c.Power, loose) // counts rarer than 1e-10 are left out
	}
}
