package report

// The families that the plan froze, tested as it wrote them down.

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"
	"gopkg.in/yaml.v3"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// Plan is what the report needs of experiments/plan.yaml.
type Plan struct {
	Frozen   string                        `yaml:"frozen"` // the digest that runs carry
	Families map[string][]estimate.Planned `yaml:"families"`

	Detectors map[string][]string `yaml:"detectors"` // by level
}

// planFile is the plan's path below the root, with slashes.
const planFile = "experiments/plan.yaml"

// readPlan gives the plan below root; nil where there is none.
func readPlan(root string) (*Plan, error) {
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(planFile)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	p := &Plan{}
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(p); err != nil {
		return nil, fmt.Errorf("%s: %s", planFile, strings.Join(strings.Fields(err.Error()), " "))
	}
	return p, nil
}

// plannedTable tests every family of the plan under Holm.
func (r *renderer) plannedTable() (string, error) {
	p := r.in.Plan
	switch {
	case p == nil || len(p.Families) == 0:
		return "*There is no plan beside these results.*", nil
	case !r.digests()[p.Frozen]:
		return fmt.Sprintf("*These runs do not carry the digest of `%s`: its families are not theirs.*", planFile), nil
	}
	t := tables.Table{Header: []string{"family", "claim", "arm", "claimed", "found", "p", "p (Holm)", "verdict"}, Right: []bool{false, false, false, false, true, true, true, false}}
	for _, name := range slices.Sorted(maps.Keys(p.Families)) {
		var rows [][]string
		var ps []float64
		for _, c := range p.Families[name] {
			found, at, err := r.judge(c)
			if err != nil {
				return "", fmt.Errorf("%s: family %s, %s: %w", planFile, name, c.Name, err)
			}
			claimed := fmt.Sprintf("%s, %s", c.Metric, c.Kind)
			if c.Baseline != "" {
				claimed += " (" + c.Baseline + ")"
			}
			if c.Than > 0 {
				claimed += " " + tables.Number(100*c.Than, 0) + " %"
			}
			rows, ps = append(rows, []string{name, c.Name, c.Experiment + ": " + c.Arm, claimed, found}), append(ps, at)
		}
		family, err := stats.Holm(ps, estimate.Alpha)
		if err != nil {
			return "", err
		}
		for i, row := range rows {
			verdict := notShown
			switch {
			case strings.HasPrefix(row[len(row)-1], notTested):
				verdict = notTested
			case family.Adjusted[i] <= estimate.Alpha:
				verdict = confirmed
			case ps[i] <= estimate.Alpha:
				verdict = alone
			}
			t.Add(append(row, plainP(ps[i]), plainP(family.Adjusted[i]), verdict)...)
		}
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Shares of flagged runs by the exact binomial test: at p at most %s where at least so many are claimed, at p at most %s where at most so many are. A claim that cannot be tested stays in its family with p 1.",
		tables.Number(100*flagAt, 0)+" %", tables.Number(100*strictAt, 0)+" %"))
	return markdown(&t), nil
}

// judge tests one claim: what was found, and the one-sided p; 1 where it cannot be tested.
func (r *renderer) judge(c estimate.Planned) (found string, p float64, err error) {
	e := r.experiment(c.Experiment)
	switch c.Kind {
	case "at least", "at most":
		level, detector, _ := strings.Cut(c.Metric, "/")
		v := seen(e.Judgements(c.Arm, level, detector))
		at := flagAt
		if c.Kind == "at most" {
			at = strictAt
		}
		switch {
		case len(v) == 0:
			return notTested + ": no verdict", 1, nil
		case inconclusive(v) || !reaches(v, at, 1):
			return notTested + ": too few calibration runs", 1, nil
		}
		k := flagged(v, at)
		b := distuv.Binomial{N: float64(len(v)), P: c.Than}
		p = b.CDF(float64(k))
		if c.Kind == "at least" {
			p = 1 - b.CDF(float64(k-1))
			if k == 0 {
				p = 1
			}
		}
		return fmt.Sprintf("%d of %d", k, len(v)), p, nil
	case "greater", "less", "non-inferior":
		d := e.Difference(c.Arm, c.Baseline, c.Metric)
		if math.IsNaN(d.Value) {
			return notTested + ": " + d.Warnings[0], 1, nil
		}
		test := e.NonInferior(c.Arm, c.Baseline, c.Metric, estimate.Margin).Test
		if c.Kind != "non-inferior" {
			test = e.Compare(c.Arm, c.Baseline, c.Metric, stats.Alternative(c.Kind))
		}
		return points(d), test.P, nil
	}
	return "", 1, fmt.Errorf("kind %q: want greater, less, non-inferior, at least or at most", c.Kind)
}

// reaches says whether so many calibration runs allow a conformal p of at most at; parts is by how much a level's own p is multiplied.
func reaches(v []estimate.Judgement, at float64, parts int) bool {
	return float64(parts)/float64(calibration(v)+1) <= at*(1+1e-9)
}
