package defense

import (
	"fmt"
	"math"
	"slices"

	"theriac/harness/corpus"
)

// Level is where in the pipeline a detector looks.
type Level string

// The three levels.
const (
	Data    Level = "data"    // the rows, before training
	Monitor Level = "monitor" // the training as it runs
	Scan    Level = "scan"    // the finished model
)

// Entry describes a detector in a catalogue.
type Entry struct {
	Name    string
	Level   Level
	Version int    // rises when the same input gives another score
	Doc     string // one sentence, with its source
	Needs   string // "", "reference" or "base"
}

// Score is what a detector says of one unit: a row, a step, a module. Higher is worse.
type Score struct {
	Unit   string // as a person would look it up: "row 17", "step 40", "layers.3.mlp.down_proj"
	Score  float64
	Reason string // "" where there is nothing to say
}

// Result is what one detector says of one run.
type Result struct {
	Detector string
	Score    float64 // run-level, higher is worse; finite
	Units    []Score // in the run's own order; nil where the detector scores the whole only
	Tokens   int64   // that a model read for it
	FLOP     float64 // multiplications and additions of those tokens and of what else it computes at that scale
}

// Verdict is the answer about a run.
type Verdict string

// Verdicts. Inconclusive is for a scan that cannot know.
const (
	Flagged      Verdict = "flagged"
	NothingFound Verdict = "nothing found"
	Inconclusive Verdict = "inconclusive"
)

// Blind copies examples without what a detector must not see: ID and Labels.
func Blind(examples []corpus.Example) []corpus.Example {
	out := slices.Clone(examples)
	for i := range out {
		out[i].ID, out[i].Labels = "", nil
	}
	return out
}

// Combine gives a level's score: the largest (score - median) / MAD over its detectors (SD where MAD is 0; a constant
// contributes 0). clean [runs][detectors] are calibration runs, judged [detectors] is the run in question. Median and MAD
// are taken over the calibration runs and the judged one together, which treats them all alike: the conformal p-value
// of the result against the clean ones is exact.
func Combine(clean [][]float64, judged []float64) (cleanScores []float64, score float64, err error) {
	all := append(slices.Clone(clean), judged)
	for i, run := range all {
		if len(run) != len(judged) {
			return nil, 0, fmt.Errorf("combine: run %d has %d scores: want %d, one per detector", i, len(run), len(judged))
		}
		for j, v := range run {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, 0, fmt.Errorf("combine: run %d, detector %d: score %v: want a finite number", i, j, v)
			}
		}
	}
	z := Standardise(all)
	for _, run := range z {
		best := 0.0
		for j, v := range run {
			if j == 0 || v > best {
				best = v
			}
		}
		cleanScores = append(cleanScores, best)
	}
	return cleanScores[:len(clean)], cleanScores[len(clean)], nil
}

// Standardise brings columns to a common scale: (value - median) / MAD, by SD where MAD is 0, and 0 for a constant.
func Standardise(runs [][]float64) [][]float64 {
	out := make([][]float64, len(runs))
	for i := range runs {
		out[i] = make([]float64, len(runs[i]))
	}
	if len(runs) == 0 {
		return out
	}
	column := make([]float64, len(runs))
	for j := range runs[0] {
		for i := range runs {
			column[i] = runs[i][j]
		}
		centre, scale := CentreScale(column)
		for i := range runs {
			if scale > 0 {
				out[i][j] = (column[i] - centre) / scale
			}
		}
	}
	return out
}

// CentreScale gives the median and the MAD of values (SD about the median where the MAD is 0; 0 for a constant).
func CentreScale(values []float64) (centre, scale float64) {
	if len(values) == 0 {
		return 0, 0
	}
	sorted := slices.Sorted(slices.Values(values))
	centre = median(sorted)
	squares := 0.0
	for i, v := range sorted {
		d := v - centre
		squares += float64(d * d)
		sorted[i] = math.Abs(d)
	}
	slices.Sort(sorted)
	if scale = median(sorted); scale == 0 {
		scale = math.Sqrt(squares / float64(len(values)))
	}
	return centre, scale
}

func median(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return sorted[n/2-1]/2 + sorted[n/2]/2
}
