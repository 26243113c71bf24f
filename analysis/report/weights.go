package report

// Would a classifier on the weights' spectra do better than one figure of them (arXiv 2602.15195: logistic regression on five)? It is
// scored on seeds that it was not fitted on, once with the attack among those it learned from and once without it and its kin: only the
// second says what it does with an attack that nobody has shown it.

import (
	"fmt"
	"math"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// weightFigures are the classifier's covariates, detectors of the level scan that read an adapter's weights alone.
var weightFigures = []string{"sigma1", "frobenius", "concentration", "entropy", "kurtosis"}

// weighed is a run's figures.
type weighed struct {
	seed int64
	x    []float64
}

// weighed gives the runs of an arm that have all figures and whose attack the level can see.
func (r *renderer) weighed(p place) (out []weighed) {
	for i, f := range weightFigures {
		v := seen(r.judged.by[judge{pipeline[2], f}][p])
		if i == 0 {
			for _, j := range v {
				out = append(out, weighed{seed: j.Seed})
			}
		}
		if len(v) != len(out) {
			return nil
		}
		for k, j := range v {
			out[k].x = append(out[k].x, j.Score)
		}
	}
	return out
}

// plants are attacks that plant another attack's rows.
var plants = map[string]string{"slip": "backdoor", "lossweight": "backdoor"}

// kin is what an arm's runs learn, whatever way it came in.
func (r *renderer) kin(p place) string {
	kind, _ := r.experiment(p.experiment).Spec(p.arm, "attack")
	if planted := plants[kind]; planted != "" {
		return planted
	}
	return kind
}

// area is the area under the ROC curve of a classifier fitted on the runs at the other half of the seeds, even or odd: the halves' mean,
// for scores of two fits are on two scales; the bounds are the means of theirs, which is wider than need be.
func area(clean, attacked, judged []weighed) (out stats.Estimate, err error) {
	for half := range int64(2) {
		s, err := atHalf(half, clean, attacked, clean, judged)
		if err != nil {
			return out, err
		}
		a, err := stats.AUROC(s[0], s[1], estimate.Level)
		if err != nil {
			return out, err
		}
		if half == 0 {
			out = a.Estimate
			continue
		}
		b := a.Estimate
		out.Value, out.N = (out.Value+b.Value)/2, out.N+b.N
		out.Interval.Low, out.Interval.High = (out.Interval.Low+b.Interval.Low)/2, (out.Interval.High+b.Interval.High)/2
		out.Warnings = append(out.Warnings, b.Warnings...)
	}
	return out, nil
}

// atHalf scores the runs at one half of the seeds with a classifier fitted on those at the other.
func atHalf(half int64, clean, attacked []weighed, judged ...[]weighed) (scores [][]float64, err error) {
	var rows []stats.BinomialRow
	for y, runs := range [][]weighed{clean, attacked} {
		for _, w := range runs {
			if w.seed%2 != half {
				rows = append(rows, stats.BinomialRow{X: w.x, Successes: y, Trials: 1})
			}
		}
	}
	fit, err := stats.FitBinomial(rows, stats.Logit, estimate.Level)
	if err != nil {
		return nil, err
	}
	scores = make([][]float64, len(judged))
	for i, runs := range judged {
		for _, w := range runs {
			if w.seed%2 != half {
				continue
			}
			s := 0.0
			for k, c := range fit.Coefficients {
				switch {
				case math.IsNaN(c.Value): // determined by the others
				case k == 0:
					s += c.Value
				default:
					s += float64(c.Value * w.x[k-1])
				}
			}
			scores[i] = append(scores[i], s)
		}
	}
	return scores, nil
}

// weightTable is the classifier's area under the ROC curve for each attack.
func (r *renderer) weightTable() (string, error) {
	const experiment = "defenses"
	clean := r.weighed(place{experiment, "clean"})
	var arms []place
	of := map[place][]weighed{}
	for _, p := range r.judged.places[estimate.Attacked] {
		if w := r.weighed(p); p.experiment == experiment && len(w) > 0 {
			arms, of[p] = append(arms, p), w
		}
	}
	if len(clean) < 20 || len(arms) < 2 {
		return "*Too few runs with the weights' figures are stored: not measured.*", nil
	}
	t := tables.Table{Header: []string{"runs of", "runs", "AUROC, learned from", "AUROC, left out"}, Right: []bool{false, true, true, true}}
	for _, p := range arms {
		row := []string{p.arm, fmt.Sprint(len(of[p]))}
		for _, without := range []bool{false, true} {
			var attacked []weighed
			for _, q := range arms {
				if r.kin(q) != r.kin(p) || !without {
					attacked = append(attacked, of[q]...)
				}
			}
			auc, err := area(clean, attacked, of[p])
			if err != nil {
				return "", err
			}
			row = append(row, tables.Value(auc, 2))
		}
		t.Add(row...)
	}
	var all []weighed
	for _, p := range arms {
		all = append(all, of[p]...)
	}
	for _, class := range []estimate.Class{estimate.Control, estimate.Shifted} {
		for _, p := range r.judged.places[class] {
			w := r.weighed(p)
			if p.experiment != experiment || len(w) == 0 {
				continue
			}
			auc, err := area(clean, all, w)
			if err != nil {
				return "", err
			}
			t.Add(p.arm+" (no attack)", fmt.Sprint(len(w)), "–", tables.Value(auc, 2))
		}
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Logistic regression on %s, fitted on one half of the seeds (even or odd) and scored on the other, %d clean runs, the mean of both halves' areas; \"left out\": no run that learned the same was in the fit (slip and lossweight plant a backdoor's rows). Where runs that are no attack have a high area too, the classifier answers to another training, not to malice.", tables.List(weightFigures), len(clean)))
	return markdown(&t), nil
}
