package scan

import (
	"fmt"

	"theriac/harness/defense"
	"theriac/harness/finetune"
)

// Calibration is the scores of clean adapters of one base, and what they were made of.
type Calibration struct {
	Kind    string        `json:"kind"`
	Base    string        `json:"base"`        // the base's name, for the reader
	BaseSHA string        `json:"base_digest"` // model.Model.Digest
	DataSHA string        `json:"data_digest"` // of the rows that the clean adapters were trained on
	Rows    int           `json:"rows"`        // a run, drawn anew for each
	Prompts string        `json:"prompts_digest"`
	Spec    finetune.Spec `json:"spec"`           // of the trainings; its seed is the first run's
	Bits    string        `json:"bits,omitempty"` // the device's class where its bits are not the CPU's (compute.Bits)
	defense.CleanScores
}

// CalibrationKind is the format's name and version.
const CalibrationKind = "theriac/calibration/scan/1"

// ParseCalibration reads a calibration file. name stands in errors.
func ParseCalibration(name string, text []byte) (*Calibration, error) {
	c := &Calibration{}
	if err := defense.DecodeFile(name, text, c); err != nil {
		return nil, err
	}
	if c.Kind != CalibrationKind {
		return nil, fmt.Errorf("%s: kind %q: want %q; make it anew with theriac calibrate model", name, c.Kind, CalibrationKind)
	}
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

// JSON is the file's text; it is the same for the same content.
func (c *Calibration) JSON() ([]byte, error) {
	text, _, err := defense.FileText(c)
	return text, err
}

// Digest is the SHA-256 of the file's text, hex.
func (c *Calibration) Digest() (string, error) {
	_, digest, err := defense.FileText(c)
	return digest, err
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

// LevelDetectors are the detectors that the level's verdict goes by, named on development runs: targets, lost refusals, lost answers. The weights' scores
// depend on how an adapter was trained (rank, learning rate) as much as on what, and a dictionary on what is in it: they judge nothing.
var LevelDetectors = []string{"inversion", "safety", "correctness"}

// Point is the one detector for backdoors with a fixed answer, chosen on development runs.
const Point = "inversion"

// Judge holds results against the calibration. A detector that the calibration lacks, or has in another version, is an error.
func (c *Calibration) Judge(results []defense.Result) (level defense.Judgement, each []defense.Judgement, err error) {
	var named []string
	for _, r := range results {
		v, err := Versioned([]string{r.Detector})
		if err != nil {
			return level, nil, err
		}
		named = append(named, v...)
	}
	return c.CleanScores.Judge(results, named, LevelDetectors)
}
