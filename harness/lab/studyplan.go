package lab

// The study's plan: what is confirmed, how it is judged and by whom, written down before evaluation seeds run.

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"theriac/analysis/estimate"
	"theriac/harness/corpus"
	"theriac/harness/defense"
	"theriac/harness/sweep"
)

// studyPlan is experiments/plan.yaml.
type studyPlan struct {
	// Frozen is the digest of everything else here. Runs at evaluation seeds of a profile that is planned carry it, and are refused
	// without it.
	Frozen    string                        `yaml:"frozen" json:"-"`
	Detectors sweep.Detectors               `yaml:"detectors"` // chosen on development seeds, by level
	LeftOut   map[string]string             `yaml:"left_out"`  // every other detector, "level/name", with the reason
	Headline  map[string]string             `yaml:"headline"`  // the one detector of each level whose detection rate is claimed
	Alpha     float64                       `yaml:"alpha"`     // conformal p at which a level flags
	Margins   map[string]float64            `yaml:"margins"`   // of non-inferiority and equivalence, fractions, by metric
	Endpoints []string                      `yaml:"endpoints"` // what is measured first, in words
	Families  map[string][]estimate.Planned `yaml:"families"`  // claims that are corrected together, at most 12
}

func planPath(root string) string { return filepath.Join(root, "experiments", "plan.yaml") }

// readPlan reads experiments/plan.yaml below root.
func readPlan(root string) (*studyPlan, error) {
	path := planPath(root)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s, which names the detectors", path)
	} else if err != nil {
		return nil, err
	}
	p := &studyPlan{}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("%s: %s", path, strings.Join(strings.Fields(err.Error()), " "))
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

func (p *studyPlan) check() error {
	if err := p.Detectors.Check(); err != nil {
		return err
	}
	for _, e := range sweep.Catalogue() {
		name := string(e.Level) + "/" + e.Name
		if (p.LeftOut[name] == "") != slices.Contains(p.Detectors[e.Level], e.Name) {
			return fmt.Errorf("%s: want it among the detectors, or left_out with a reason", name)
		}
	}
	if p.Alpha != sweep.Alpha {
		return fmt.Errorf("alpha %v: runs are judged at %v", p.Alpha, sweep.Alpha)
	}
	for level, name := range p.Headline {
		if err := (sweep.Detectors{defense.Level(level): {name}}).Check(); err != nil {
			return fmt.Errorf("headline: %w", err)
		}
	}
	for name, family := range p.Families {
		if len(family) > 12 {
			return fmt.Errorf("family %s has %d claims: want at most 12", name, len(family))
		}
	}
	return nil
}

// digest is of everything but Frozen, and of the detectors' versions.
func (p *studyPlan) digest() string {
	data, err := json.Marshal(struct {
		*studyPlan
		Versions []string
	}{p, p.Detectors.Names()})
	if err != nil {
		panic(err) // plain values
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// frozen refuses evaluation seeds of a planned profile until the plan is frozen, and gives its digest for the runs.
func (l *Lab) frozen(seed int) string {
	if !l.profile.Planned || corpus.PoolOfSeed(uint64(seed)) != corpus.Evaluation {
		return ""
	}
	p := l.studyPlan()
	switch digest := p.digest(); {
	case p.Frozen == "":
		stop("evaluation seeds of the profile %s wait for a frozen plan: when experiments/plan.yaml is final, add this line to it: frozen: %s", l.profile.Name, digest)
	case p.Frozen != digest:
		stop("experiments/plan.yaml was changed after it was frozen: its digest is %s, not %s", digest, p.Frozen)
	}
	return p.Frozen
}

// studyPlan reads the plan once.
func (l *Lab) studyPlan() *studyPlan {
	if l.planned == nil {
		p, err := readPlan(l.env.Root)
		if err != nil {
			stop("%v", err)
		}
		l.planned = p
	}
	return l.planned
}
