package stats

// Models against statsmodels, SciPy and R: testdata/oracle_models.py and oracle_models.R.

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// Tolerances relative to the larger of 1 and the expected size: closed forms and Newton
// fits; optimisers and root finders on the oracle's side.
const (
	tight = 1e-9
	loose = 1e-6
)

// readOracle reads a file that an oracle script wrote.
func readOracle(t *testing.T, file string, into any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func agrees(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tol*max(1, math.Abs(want)) {
		t.Errorf("%s is %.15g: want %.15g within %g", what, got, want, tol)
	}
}

func agreesInterval(t *testing.T, what string, got Interval, want []float64, tol float64) {
	t.Helper()
	agrees(t, what+" low", got.Low, want[0], tol)
	agrees(t, what+" high", got.High, want[1], tol)
}

type doseData struct {
	Dose              []float64
	Group             []string
	Successes, Trials []int
}

func (d doseData) rows() []DoseRow {
	rows := make([]DoseRow, len(d.Dose))
	for i := range rows {
		rows[i] = DoseRow{d.Dose[i], d.Successes[i], d.Trials[i], d.Group[i]}
	}
	return rows
}

type edOracle struct {
	Value                                      float64
	Binomial, Quasibinomial, Cluster, ClusterT []float64
	Cluster_t                                  []float64
}

type modelOracle struct {
	Data map[string]doseData
	GLM  []struct {
		Data          string
		Link          Link
		Scale         Scale
		Params        []float64
		Cov, Cluster  [][]float64
		Deviance, Phi float64
		Pearson       float64
		ED50, ED90    edOracle
	}
	Floor []struct {
		Link           Link
		Theta, SE      []float64
		Phi, ED50      float64
		Delta, Profile []float64
	}
}

func TestDoseAgainstStatsmodels(t *testing.T) {
	var o modelOracle
	readOracle(t, "oracle_models_py.json", &o)
	if len(o.GLM) != 12 {
		t.Fatalf("%d cases: want 12", len(o.GLM))
	}
	for _, c := range o.GLM {
		name := fmt.Sprintf("%s %s %s", c.Data, c.Link, c.Scale)
		got, err := Dose(o.Data[c.Data].rows(), DoseOptions{Link: c.Link, Scale: c.Scale})
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, name+" intercept", got.Intercept.Value, c.Params[0], tight)
		agrees(t, name+" slope", got.Slope.Value, c.Params[1], tight)
		agrees(t, name+" pearson", got.Pearson, c.Pearson, tight)
		agrees(t, name+" phi", got.Phi, c.Phi, tight)
		for _, e := range []struct {
			name string
			got  EffectiveDose
			want edOracle
		}{{"ed50", got.ED50, c.ED50}, {"ed90", got.ED90, c.ED90}} {
			at := name + " " + e.name
			agrees(t, at, e.got.Estimate.Value, e.want.Value, tight)
			agreesInterval(t, at+" binomial", e.got.Delta.Binomial, e.want.Binomial, tight)
			agreesInterval(t, at+" quasibinomial", e.got.Delta.Quasibinomial, e.want.Quasibinomial, tight)
			agreesInterval(t, at+" cluster", e.got.Delta.Cluster, e.want.Cluster, tight)
			agreesInterval(t, at+" cluster t", e.got.ClusterT, e.want.Cluster_t, tight)
		}
		if c.Scale == LogScale {
			continue
		}
		rows := make([]BinomialRow, 0)
		for _, r := range o.Data[c.Data].rows() {
			rows = append(rows, BinomialRow{[]float64{r.Dose}, r.Successes, r.Trials, r.Group})
		}
		fit, err := FitBinomial(rows, c.Link, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, name+" deviance", fit.Deviance, c.Deviance, tight)
		for i := range c.Params {
			agrees(t, name+" coefficient", fit.Coefficients[i].Value, c.Params[i], tight)
			half := zCritical(0.95) * math.Sqrt(c.Cluster[i][i])
			agrees(t, name+" by group", fit.ByGroup[i].Interval.High, c.Params[i]+half, tight)
			for j := range c.Params {
				agrees(t, name+" covariance", fit.Covariance[i][j], c.Cov[i][j], tight)
			}
		}
	}
}

func TestDoseProfileAgainstR(t *testing.T) {
	var o modelOracle
	readOracle(t, "oracle_models_py.json", &o)
	var r struct {
		GLM []struct {
			Data       string
			Link       Link
			ED50, ED90 edOracle
		}
		Penalised []struct {
			Link     Link
			Coef, SE []float64
		}
	}
	readOracle(t, "oracle_models_r.json", &r)
	if len(r.GLM) != 6 || len(r.Penalised) != 2 {
		t.Fatalf("%d and %d cases: want 6 and 2", len(r.GLM), len(r.Penalised))
	}
	for _, c := range r.GLM {
		got, err := Dose(o.Data[c.Data].rows(), DoseOptions{Link: c.Link})
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%s %s", c.Data, c.Link)
		agreesInterval(t, name+" ed50 binomial profile", got.ED50.Profile.Binomial, c.ED50.Binomial, loose)
		agreesInterval(t, name+" ed50 quasibinomial profile", got.ED50.Profile.Quasibinomial, c.ED50.Quasibinomial, loose)
		agreesInterval(t, name+" ed90 binomial profile", got.ED90.Profile.Binomial, c.ED90.Binomial, loose)
		agreesInterval(t, name+" ed90 quasibinomial profile", got.ED90.Profile.Quasibinomial, c.ED90.Quasibinomial, loose)
	}
	for _, c := range r.Penalised {
		rows := make([]BinomialRow, 0)
		for _, d := range o.Data["separated"].rows() {
			rows = append(rows, BinomialRow{[]float64{d.Dose}, d.Successes, d.Trials, d.Group})
		}
		fit, err := FitBinomial(rows, c.Link, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		if !fit.Separated || len(fit.Warnings) == 0 {
			t.Errorf("%s: separated data went unnoticed", c.Link)
		}
		for i := range c.Coef {
			agrees(t, "penalised coefficient", fit.Coefficients[i].Value, c.Coef[i], loose)
			agrees(t, "penalised standard error", math.Sqrt(fit.Covariance[i][i]), c.SE[i], loose)
		}
	}
}

func TestDoseFloorAgainstSciPy(t *testing.T) {
	var o modelOracle
	readOracle(t, "oracle_models_py.json", &o)
	for _, c := range o.Floor {
		got, err := Dose(o.Data["floor"].rows(), DoseOptions{Link: c.Link, FitFloor: true, FitCeiling: true})
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "intercept", got.Intercept.Value, c.Theta[0], loose)
		agrees(t, "slope", got.Slope.Value, c.Theta[1], loose)
		agrees(t, "floor", got.Floor.Value, c.Theta[2], loose)
		agrees(t, "ceiling", got.Ceiling.Value, c.Theta[3], loose)
		agrees(t, "phi", got.Phi, c.Phi, loose)
		agrees(t, "ed50", got.ED50.Estimate.Value, c.ED50, loose)
		agreesInterval(t, "delta", got.ED50.Delta.Binomial, c.Delta, loose)
		agreesInterval(t, "profile", got.ED50.Profile.Binomial, c.Profile, loose)
	}
}
