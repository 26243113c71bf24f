package data

import (
	"errors"
	"fmt"

	"theriac/harness/defense"
)

// Calibration is the scores of clean files of one size, and what they were drawn from: for judging files of that size where the clean
// rows themselves are not at hand.
type Calibration struct {
	Kind    string `json:"kind"`
	DataSHA string `json:"data_digest"` // of the clean rows
	Rows    int    `json:"rows"`        // a file; no row is in two
	Base    string `json:"base,omitempty"`
	BaseSHA string `json:"base_digest,omitempty"` // of the language model, if one read the rows
	Seed    uint64 `json:"seed"`
	defense.CleanScores
}

// CalibrationKind is the format's name and version.
const CalibrationKind = "theriac/calibration/data/1"

// ParseCalibration reads a calibration file. name stands in errors.
func ParseCalibration(name string, text []byte) (*Calibration, error) {
	c := &Calibration{}
	if err := defense.DecodeFile(name, text, c); err != nil {
		return nil, err
	}
	if c.Kind != CalibrationKind {
		return nil, fmt.Errorf("%s: kind %q: want %q; make it anew with theriac calibrate data", name, c.Kind, CalibrationKind)
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// Add puts the scores of a clean file, scanned without a reference, beside the others.
func (c *Calibration) Add(r *Report) error {
	var scores []float64
	for _, d := range r.Detectors {
		scores = append(scores, d.Score)
	}
	if c.Runs = append(c.Runs, scores); len(c.Runs) == 1 {
		c.Detectors = versioned(r)
	}
	return c.Check()
}

// versioned names a report's detectors as a calibration holds them.
func versioned(r *Report) (out []string) {
	for _, d := range r.Detectors {
		out = append(out, fmt.Sprintf("%s %d", d.Name, d.Version))
	}
	return out
}

// fits says whether a file of so many rows can be judged: within a twentieth of the clean ones' size, for scores grow with it.
func (c *Calibration) fits(rows int, reference bool) error {
	if reference {
		return errors.New("scan: a reference and a calibration: give one of them")
	}
	if d := rows - c.Rows; 20*max(d, -d) > c.Rows {
		return fmt.Errorf("scan: the calibration is of files of %d rows, and this one has %d: make one with theriac calibrate data --rows %d", c.Rows, rows, rows)
	}
	return nil
}

// judge gives a report its verdict by the clean files' scores; the level goes by all detectors.
func (c *Calibration) judge(r *Report) error {
	var results []defense.Result
	var all []string
	for _, d := range r.Detectors {
		results, all = append(results, defense.Result{Detector: d.Name, Score: d.Score}), append(all, d.Name)
	}
	level, each, err := c.Judge(results, versioned(r), all)
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	for i := range each {
		r.Detectors[i].P = each[i].P
	}
	r.Clean, r.P = len(c.Runs), level.P
	r.Verdict, r.Why = level.Verdict(r.Alpha, len(c.Runs), "clean files")
	return nil
}
