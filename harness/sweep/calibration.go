package sweep

import (
	"fmt"
	"math"
	"slices"
	"sort"

	"theriac/analysis/stats"
	"theriac/harness/defense"
	"theriac/harness/store"
)

// Alpha is the conformal p at or below which a level flags a run.
const Alpha = store.FlagAt

// Calibration is what detectors said of clean runs.
type Calibration struct {
	Detect *Detect                       // who was asked
	Scores map[defense.Level][][]float64 // [run][detector], runs by seed
	Digest string                        // of the above, with the detectors' versions
}

// NewCalibration collects the scores of clean runs, which must all have been asked the same detectors.
func NewCalibration(d *Detect, runs []*store.Record) (*Calibration, error) {
	runs = slices.Clone(runs)
	sort.SliceStable(runs, func(i, j int) bool { return runs[i].Seed < runs[j].Seed })
	c := &Calibration{Detect: d, Scores: map[defense.Level][][]float64{}}
	for _, r := range runs {
		at := map[string]float64{}
		for _, s := range r.Scores {
			if s.Unit == "" {
				at[s.Detector] = s.Score
			}
		}
		for _, l := range judging {
			names := d.at(l)
			if len(names) == 0 {
				continue
			}
			row := make([]float64, len(names))
			for j, name := range names {
				v, ok := at[string(l)+"/"+name]
				if !ok {
					return nil, fmt.Errorf("calibration: the run at seed %d has no score of %s/%s", r.Seed, l, name)
				}
				row[j] = v
			}
			c.Scores[l] = append(c.Scores[l], row)
		}
	}
	bits := []uint64{}
	for _, l := range judging {
		for _, row := range c.Scores[l] {
			for _, v := range row {
				bits = append(bits, math.Float64bits(v))
			}
		}
	}
	c.Digest = digest(struct {
		Kind      string
		Detectors []string
		Runs      int
		Bits      []uint64
	}{"theriac/calibration/1", d.names(), len(runs), bits})
	return c, nil
}

// Runs is the number of clean runs.
func (c *Calibration) Runs() int {
	for _, l := range judging {
		if n := len(c.Scores[l]); n > 0 {
			return n
		}
	}
	return 0
}

// judge gives each detector's verdict, each level's, and that of the pipeline's levels together. scores are [detector] by level.
func (c *Calibration) judge(d *Detect, scores map[defense.Level][]float64) ([]store.Detection, error) {
	var out []store.Detection
	clean := make([][]float64, c.Runs())
	var judged []float64
	for _, l := range judging {
		if len(d.at(l)) == 0 {
			continue
		}
		if !slices.Equal(d.at(l), c.Detect.at(l)) {
			return nil, fmt.Errorf("level %s: the calibration is of %v, the run has %v", l, c.Detect.at(l), d.at(l))
		}
		for j, name := range d.at(l) {
			column := make([]float64, len(clean))
			for i := range clean {
				column[i] = c.Scores[l][i][j]
				if l != Script {
					clean[i] = append(clean[i], column[i])
				}
			}
			det, err := verdict(string(l), name, column, scores[l][j])
			if err != nil {
				return nil, err
			}
			out = append(out, det)
		}
		if l != Script {
			judged = append(judged, scores[l]...)
		}
		det, err := combined(string(l), c.Scores[l], scores[l])
		if err != nil {
			return nil, err
		}
		out = append(out, det)
	}
	if len(judged) == 0 {
		return out, nil // the script's own alone
	}
	all, err := combined(string(Ensemble), clean, judged)
	return append(out, all), err
}

// combined is the verdict of detectors together: the largest of their standardised scores (defense.Combine).
func combined(level string, clean [][]float64, judged []float64) (store.Detection, error) {
	column, score, err := defense.Combine(clean, judged)
	if err != nil {
		return store.Detection{}, fmt.Errorf("level %s: %w", level, err)
	}
	return verdict(level, "", column, score)
}

// verdict holds a score against clean ones. The threshold is the smallest clean score that a flagged one must exceed.
func verdict(level, detector string, clean []float64, score float64) (store.Detection, error) {
	t, err := stats.ConformalP(clean, score)
	if err != nil {
		return store.Detection{}, fmt.Errorf("level %s, detector %q: %w", level, detector, err)
	}
	out := store.Detection{Level: level, Detector: detector, Score: score, P: t.P, N: int64(len(clean)), Verdict: string(defense.NothingFound)}
	rank := int(Alpha*float64(len(clean)+1) + 1e-9) // scores above the rank-th largest are flagged
	switch {
	case rank < 1:
		out.Verdict = string(defense.Inconclusive) // too few clean runs to reach Alpha
	default:
		sorted := slices.Sorted(slices.Values(clean))
		out.Threshold = sorted[len(sorted)-rank]
		if t.P <= Alpha {
			out.Verdict = string(defense.Flagged)
		}
	}
	return out, nil
}
