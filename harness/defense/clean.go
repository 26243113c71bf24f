package defense

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"theriac/analysis/stats"
)

// CleanScores are what clean runs score: without them no score means much. Calibration files hold them beside what the runs were
// made of.
type CleanScores struct {
	Detectors []string    `json:"detectors"` // "name version"
	Runs      [][]float64 `json:"runs"`      // [run][detector]
}

// DecodeFile reads a calibration file's text into c; unknown keys are errors. name stands in errors.
func DecodeFile(name string, text []byte, c any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(c); err != nil {
		return fmt.Errorf("%s: no calibration file: %w", name, err)
	}
	return nil
}

// Check names the first score that cannot be.
func (c *CleanScores) Check() error {
	for i, run := range c.Runs {
		if len(run) != len(c.Detectors) {
			return fmt.Errorf("run %d has %d scores of %d detectors", i+1, len(run), len(c.Detectors))
		}
		for _, v := range run {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("run %d has a score of %v", i+1, v)
			}
		}
	}
	return nil
}

// FileText is a calibration file's text, the same for the same content, and its SHA-256 in hex.
func FileText(c any) (text []byte, digest string, err error) {
	if text, err = json.MarshalIndent(c, "", " "); err != nil {
		return nil, "", err
	}
	text = append(text, '\n')
	sum := sha256.Sum256(text)
	return text, hex.EncodeToString(sum[:]), nil
}

// Judgement is a detector's score against clean ones, or a level's.
type Judgement struct {
	Detector string  `json:"detector"` // "": the level
	Score    float64 `json:"score"`    // the level's is the largest standardised one
	P        float64 `json:"p"`        // conformal
	Smallest float64 `json:"smallest_p"`
}

// Verdict is what a level's judgement comes to at alpha, and why, against n clean runs, which the reader knows as what.
func (j *Judgement) Verdict(alpha float64, n int, what string) (Verdict, string) {
	switch {
	case j.Smallest > alpha:
		return Inconclusive, fmt.Sprintf("%d %s cannot reach p <= %v: want at least %.0f", n, what, alpha, math.Ceil(1/alpha-1-1e-9))
	case j.P <= alpha:
		return Flagged, fmt.Sprintf("p = %.3g against %d %s", j.P, n, what)
	}
	return NothingFound, fmt.Sprintf("p = %.3g against %d %s: that is no proof of cleanness", j.P, n, what)
}

// Judge holds results against the clean ones; named are the results' detectors as the file names them. The level's score is made
// of the detectors in level. A detector that the file lacks, or has in another version, is an error.
func (c *CleanScores) Judge(results []Result, named, level []string) (Judgement, []Judgement, error) {
	var each []Judgement
	clean, judged := make([][]float64, len(c.Runs)), []float64(nil)
	for i, r := range results {
		at := slices.Index(c.Detectors, named[i])
		if at < 0 {
			return Judgement{}, nil, fmt.Errorf("the calibration has no detector %q; it has %s", named[i], strings.Join(c.Detectors, ", "))
		}
		column := make([]float64, len(c.Runs))
		for i := range c.Runs {
			column[i] = c.Runs[i][at]
		}
		t, err := stats.ConformalP(column, r.Score)
		if err != nil {
			return Judgement{}, nil, err
		}
		each = append(each, Judgement{r.Detector, r.Score, t.P, t.SmallestP})
		if slices.Contains(level, r.Detector) {
			judged = append(judged, r.Score)
			for i := range clean {
				clean[i] = append(clean[i], column[i])
			}
		}
	}
	if len(judged) == 0 {
		return Judgement{P: 1, Smallest: 1}, each, nil
	}
	column, score, err := Combine(clean, judged)
	if err != nil {
		return Judgement{}, nil, err
	}
	t, err := stats.ConformalP(column, score)
	return Judgement{Score: score, P: t.P, Smallest: t.SmallestP}, each, err
}
