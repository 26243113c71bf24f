package stats

// Studies of dose-response, of regression and of the two slopes.

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// sweep is a dose-response experiment: every group (seed) runs every dose.
type sweep struct {
	doses          []float64
	groups, trials int
	mid, slope     float64
	seedSD         float64 // of a seed's shift on the logit scale
	rowSD          float64 // of a row's own shift
	floor, ceiling float64
	log            bool // the slope is per unit of log dose
}

func (s sweep) draw(r *rand.Rand) []DoseRow {
	var rows []DoseRow
	for g := range s.groups {
		seed := s.seedSD * r.NormFloat64()
		for _, d := range s.doses {
			beyond := d - s.mid
			if s.log {
				beyond = math.Log(d / s.mid)
			}
			p, _, _, _ := Logit.curve(s.slope*beyond + seed + s.rowSD*r.NormFloat64())
			p = s.floor + (s.ceiling-s.floor)*p
			rows = append(rows, DoseRow{d, drawBinomial(r, s.trials, p), s.trials, fmt.Sprint("seed", g)})
		}
	}
	return rows
}

// study asks of ED50 (and ED90 where the truth is known) whether each family covers, and
// of one promise more whether the curve, which is the true one, is rejected.
func (s sweep) study(design string, opt DoseOptions, trials int, ed90 bool, promises ...promise) study {
	return study{design: design, trials: trials, promises: promises, trial: func(r *rand.Rand) ([]bool, error) {
		d, err := Dose(s.draw(r), opt)
		if err != nil {
			return nil, err
		}
		var hits []bool
		check := func(e EffectiveDose, truth float64) {
			for _, v := range []Interval{e.Delta.Binomial, e.Delta.Quasibinomial, e.Delta.Cluster, e.ClusterT,
				e.Profile.Binomial, e.Profile.Quasibinomial, e.Profile.Cluster, e.Bracket, e.Estimate.Interval} {
				hits = append(hits, v.Contains(truth))
			}
		}
		check(d.ED50, s.mid)
		if ed90 {
			check(d.ED90, s.mid+math.Log(9)/s.slope)
		}
		if len(promises) > len(hits) {
			hits = append(hits, d.LackOfFit.P <= 0.05)
		}
		return hits, nil
	}}
}

// doseRows names the promises in the order of study; bounds are low, high pairs.
func doseRows(what string, bounds ...float64) []promise {
	names := []string{"delta binomial", "delta quasibinomial", "delta cluster", "cluster, Student's t", "profile binomial",
		"profile quasibinomial", "profile cluster", "bracket", "to quote"}
	var list []promise
	for i, n := range names {
		list = append(list, promise{fmt.Sprintf("Dose %s %s", what, n), covers, bounds[2*i], bounds[2*i+1]})
	}
	return list
}

func doseStudies() []study {
	six := []float64{2, 4, 6, 8, 10, 12}
	binomial := sweep{doses: six, groups: 10, trials: 25, mid: 7, slope: 0.6, ceiling: 1}
	rows, seeds, floor := binomial, binomial, binomial
	rows.rowSD = 0.8
	seeds.seedSD = 0.8
	floor.floor, floor.ceiling, floor.trials, floor.slope, floor.doses = 0.1, 0.9, 60, 0.9, []float64{0, 2, 4, 6, 8, 10, 12, 14}
	steep := sweep{doses: []float64{1, 2, 4, 8, 16}, groups: 5, trials: 20, mid: 5.6, slope: 6, ceiling: 1}
	ok, wide := []float64{0.93, 0.97}, []float64{0.93, 1}
	join := func(parts ...[]float64) []float64 {
		var all []float64
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	small, short, any := []float64{0.86, 0.96}, []float64{0, 0.85}, []float64{0, 1}
	log := sweep{doses: []float64{6, 12, 25, 50, 100}, groups: 8, trials: 50, mid: 17, slope: 3.5, seedSD: 0.5, ceiling: 0.9, log: true}
	fits := func(low, high float64) promise { return promise{"Dose LackOfFit", rejects, low, high} }
	return []study{
		binomial.study("6 doses x 10 seeds x 25 trials, rows binomial", DoseOptions{}, 1000, true, append(
			doseRows("ED50", join(ok, ok, small, ok, ok, ok, ok, wide, wide)...),
			append(doseRows("ED90", join(ok, ok, small, ok, ok, ok, ok, wide, wide)...), fits(0.03, 0.065))...)...),
		rows.study("6 doses x 10 seeds x 25 trials, rows vary beyond binomial", DoseOptions{}, 1000, false,
			append(doseRows("ED50", join(short, ok, small, ok, short, ok, ok, any, []float64{0.93, 0.99})...), fits(0.03, 0.065))...),
		seeds.study("6 doses x 10 seeds x 25 trials, seeds differ", DoseOptions{}, 1000, false,
			append(doseRows("ED50", join([]float64{0, 0.7}, short, small, ok, []float64{0, 0.7}, short, ok, any, ok)...), fits(0, 0.05))...),
		floor.study("8 doses x 10 seeds x 60 trials, floor 10 %, ceiling 90 %, both fitted", DoseOptions{FitFloor: true, FitCeiling: true}, 1000, false,
			doseRows("ED50", join(ok, ok, small, ok, ok, ok, []float64{0.92, 0.97}, any, []float64{0.93, 1})...)...),
		log.study("5 doses x 8 seeds x 50 trials, log dose, ceiling 90 % fitted, seeds differ", DoseOptions{Scale: LogScale, FitCeiling: true}, 1000, false,
			append(doseRows("ED50", join(short, []float64{0, 0.9}, small, []float64{0.93, 0.99}, short, []float64{0, 0.9}, []float64{0.93, 0.99}, any, []float64{0.93, 0.99})...), fits(0, 0.05))...),
		{design: "5 doses x 5 seeds x 20 trials, steep: nearly always separated", trials: 1000, promises: []promise{{"Dose ED50 to quote (bracket)", covers, 0.95, 1}},
			trial: func(r *rand.Rand) ([]bool, error) {
				d, err := Dose(steep.draw(r), DoseOptions{})
				return []bool{d.ED50.Estimate.Interval.Contains(5.6)}, err
			}},
	}
}

func regressionStudies() []study {
	coefficients := study{design: "30 groups x 4 rows x 10 trials, two covariates, groups differ", trials: 1000,
		promises: []promise{{"FitBinomial by group", covers, 0.9, 0.96}, {"FitBinomial model-based (groups ignored)", covers, 0, 0.85}},
		trial: func(r *rand.Rand) ([]bool, error) {
			var rows []BinomialRow
			for g := range 30 {
				level, shift := r.NormFloat64(), r.NormFloat64()
				for range 4 {
					// The first covariate is the group's: what ignoring groups gets wrong.
					x := []float64{level, r.NormFloat64()}
					p := normalCDF((0.3 + 0.5*x[0] + 0.7*x[1] + shift) / math.Sqrt2)
					rows = append(rows, BinomialRow{x, drawBinomial(r, 10, p), 10, fmt.Sprint(g)})
				}
			}
			fit, err := FitBinomial(rows, Probit, 0.95)
			if err != nil {
				return nil, err
			}
			truth := 0.5 / math.Sqrt(2+1) // the shift's variance 1 joins the curve's own 2
			return []bool{fit.ByGroup[1].Interval.Contains(truth), fit.Coefficients[1].Interval.Contains(truth)}, nil
		}}
	separated := one("FitBinomial penalised or not", "6 rows x 8 trials, slope 2: often separated", covers, 0.93, 1, func(r *rand.Rand) (bool, error) {
		var rows []BinomialRow
		for i := range 6 {
			x := float64(i) - 2.5
			p, _, _, _ := Logit.curve(2 * x)
			rows = append(rows, BinomialRow{X: []float64{x}, Successes: drawBinomial(r, 8, p), Trials: 8})
		}
		fit, err := FitBinomial(rows, Logit, 0.95)
		return fit.Coefficients[1].Interval.Contains(2), err
	})
	return []study{coefficients, separated, slopesStudy(0.25), slopesStudy(-0.75), slopesStudy(0)}
}

// slopesStudy has slopes 1 and ratio, with seeds that differ.
func slopesStudy(ratio float64) study {
	s := study{design: fmt.Sprintf("12 seeds x 4 poisoned x 3 clean counts, ratio of slopes %v", ratio), trials: 1000,
		promises: []promise{{"FitTwoSlope ratio", covers, 0.93, 0.97}}}
	switch ratio {
	case 0.25:
		s.promises = append(s.promises, promise{"FitTwoSlope CountOnly", rejects, 0.03, 0.065}, promise{"FitTwoSlope CleanFlat", rejects, 0.03, 0.065})
	case -0.75:
		s.promises = append(s.promises, promise{"FitTwoSlope RateOnly", rejects, 0.03, 0.065})
	default:
		s.promises = append(s.promises, promise{"FitTwoSlope CountOnly", finds, 0.5, 1})
	}
	s.trial = func(r *rand.Rand) ([]bool, error) {
		var rows []TwoSlopeRow
		for g := range 12 {
			seed := 0.3 * r.NormFloat64()
			for _, poison := range []float64{10, 20, 40, 80} {
				for _, clean := range []float64{500, 1000, 2000} {
					p, _, _, _ := Logit.curve(seed + math.Log(poison/28) + ratio*math.Log(clean/1000))
					rows = append(rows, TwoSlopeRow{poison, clean, drawBinomial(r, 30, p), 30, fmt.Sprint(g)})
				}
			}
		}
		fit, err := FitTwoSlope(rows, TwoSlopeOptions{})
		hits := []bool{fit.Ratio.Interval.Contains(ratio)}
		switch ratio {
		case 0.25:
			hits = append(hits, fit.CountOnly.Holds, fit.CleanFlat.Holds)
		case -0.75:
			hits = append(hits, fit.RateOnly.Holds)
		default:
			hits = append(hits, fit.CountOnly.Holds)
		}
		return hits, err
	}
	return s
}
