package scan

// What clean adapters of a base score: without it no score means much.

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
	"theriac/harness/defense"
	"theriac/harness/finetune"
)

// Calibration is the scores of clean adapters of one base. Everything but Runs says what they were made of.
type Calibration struct {
	Kind      string        `json:"kind"`
	Base      string        `json:"base"`        // the base's name, for the reader
	BaseSHA   string        `json:"base_digest"` // model.Model.Digest
	DataSHA   string        `json:"data_digest"` // of the rows that the clean adapters were trained on
	Rows      int           `json:"rows"`        // a run, drawn anew for each
	Prompts   string        `json:"prompts_digest"`
	Spec      finetune.Spec `json:"spec"`      // of the trainings; its seed is the first run's
	Detectors []string      `json:"detectors"` // "name version"
	Runs      [][]float64   `json:"runs"`      // [run][detector]
}

// CalibrationKind is the format's name and version.
const CalibrationKind = "theriac/calibration/scan/1"

// ParseCalibration reads a calibration file. name stands in errors.
func ParseCalibration(name string, data []byte) (*Calibration, error) {
	c := &Calibration{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(c); err != nil {
		return nil, fmt.Errorf("%s: no calibration file: %w", name, err)
	}
	if c.Kind != CalibrationKind {
		return nil, fmt.Errorf("%s: kind %q: want %q; make it anew with theriac calibrate model", name, c.Kind, CalibrationKind)
	}
	for i, run := range c.Runs {
		if len(run) != len(c.Detectors) {
			return nil, fmt.Errorf("%s: run %d has %d scores of %d detectors", name, i+1, len(run), len(c.Detectors))
		}
		for _, v := range run {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, fmt.Errorf("%s: run %d has a score of %v", name, i+1, v)
			}
		}
	}
	return c, nil
}

// JSON is the file's text; it is the same for the same content.
func (c *Calibration) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(c, "", " ")
	return append(data, '\n'), err
}

// Digest is the SHA-256 of the file's text, hex.
func (c *Calibration) Digest() (string, error) {
	data, err := c.JSON()
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), err
}

// Versioned names detectors as a calibration holds them.
func Versioned(names []string) ([]string, error) {
	ds, err := choose(names)
	var out []string
	for _, d := range ds {
		out = append(out, fmt.Sprintf("%s %d", d.Name, d.Version))
	}
	return out, err
}

// Judgement is a detector's score against clean ones, or the level's.
type Judgement struct {
	Detector string  `json:"detector"` // "": the level
	Score    float64 `json:"score"`    // the level's is the largest standardised one of LevelDetectors
	P        float64 `json:"p"`        // conformal
	Smallest float64 `json:"smallest_p"`
}

// LevelDetectors are the detectors that the level's verdict goes by, named on development runs: targets, lost refusals, lost answers. The weights' scores
// depend on how an adapter was trained (rank, learning rate) as much as on what, and a dictionary on what is in it: they judge nothing.
var LevelDetectors = []string{"inversion", "safety", "correctness"}

// Point is the one detector for backdoors with a fixed answer, chosen on development runs.
const Point = "inversion"

// Judge holds results against the calibration. A detector that the calibration lacks, or has in another version, is an error.
func (c *Calibration) Judge(results []defense.Result) (level Judgement, each []Judgement, err error) {
	want, err := Versioned(namesOf(results))
	if err != nil {
		return level, nil, err
	}
	clean, judged := make([][]float64, len(c.Runs)), []float64(nil)
	for _, r := range results {
		v := want[slices.IndexFunc(want, func(w string) bool { return strings.HasPrefix(w, r.Detector+" ") })]
		at := slices.Index(c.Detectors, v)
		if at < 0 {
			return level, nil, fmt.Errorf("the calibration has no detector %q; it has %s", v, strings.Join(c.Detectors, ", "))
		}
		column := make([]float64, len(c.Runs))
		for i := range c.Runs {
			column[i] = c.Runs[i][at]
		}
		t, err := stats.ConformalP(column, r.Score)
		if err != nil {
			return level, nil, err
		}
		each = append(each, Judgement{r.Detector, r.Score, t.P, t.SmallestP})
		if slices.Contains(LevelDetectors, r.Detector) {
			judged = append(judged, r.Score)
			for i := range clean {
				clean[i] = append(clean[i], column[i])
			}
		}
	}
	if len(judged) == 0 {
		return Judgement{P: 1, Smallest: 1}, each, nil
	}
	column, score, err := defense.Combine(clean, judged)
	if err != nil {
		return level, nil, err
	}
	t, err := stats.ConformalP(column, score)
	return Judgement{Score: score, P: t.P, Smallest: t.SmallestP}, each, err
}

func namesOf(results []defense.Result) (out []string) {
	for _, r := range results {
		out = append(out, r.Detector)
	}
	return out
}
