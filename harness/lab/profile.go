package lab

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3" // profiles are YAML, and unknown keys are errors

	"theriac/harness/align"
	"theriac/harness/attack"
	"theriac/harness/finetune"
	"theriac/harness/sweep"
)

// Profile is what a scale means: base, data, training and seeds.
type Profile struct {
	Name  string           `yaml:"-"`
	Base  string           `yaml:"base"`
	Align align.Recipe     `yaml:"align"` // fine-tunes Base into the base that is used; without refusals: Base as it is
	Data  sweep.Data       `yaml:"data"`
	Train finetune.Spec    `yaml:"train"`
	Seeds map[string]Range `yaml:"seeds"` // by pool: development, calibration, evaluation; EXPERIMENT/POOL for one experiment

	// Params are parameters of attacks, by the attack's name, where an arm gives none: what fits these data and not the generated ones.
	Params map[string]Params `yaml:"params"`

	Few map[string]int `yaml:"few"` // by experiment, "others" for those not named: most seeds of arms that stand behind no headline claim; 0 or not given: all

	Planned     bool   `yaml:"planned"`     // evaluation seeds wait until experiments/plan.yaml is frozen
	Calibration string `yaml:"calibration"` // the profile, another or this one, whose stored calibration is used; "": each experiment makes its own

	// Without are detectors of the plan, as level/name, that cost too much at this scale. What they would say is not measured.
	Without []string `yaml:"without"`

	// Thin are experiments of so many runs that only those at a pool's first seed keep their steps and rows, which can be had
	// again from the specification. No statistic is made of the others'.
	Thin []string `yaml:"thin"`
}

// thin says which runs of an experiment do not keep them; nil: all do.
func (p *Profile) thin(experiment string) func(*sweep.Spec) bool {
	if !slices.Contains(p.Thin, experiment) {
		return nil
	}
	return func(s *sweep.Spec) bool {
		for _, r := range p.Seeds {
			if uint64(r.From) == s.Seed {
				return false
			}
		}
		return true
	}
}

// detectors are the plan's without those that this scale leaves out.
func (p *Profile) detectors(plan sweep.Detectors) (sweep.Detectors, error) {
	out := sweep.Detectors{}
	left := slices.Clone(p.Without)
	for level, names := range plan {
		for _, name := range names {
			if i := slices.Index(left, string(level)+"/"+name); i >= 0 {
				left = slices.Delete(left, i, i+1)
			} else {
				out[level] = append(out[level], name)
			}
		}
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("profile %s: without %s: the plan has no such detector", p.Name, left[0])
	}
	return out, nil
}

// Range is Count seeds from From on.
type Range struct {
	From  int `yaml:"from"`
	Count int `yaml:"count"`
}

//go:embed profiles/*.yaml
var ownProfiles embed.FS

// ReadProfile reads experiments/profiles/NAME.yaml below root, or the profile that theriac brings.
func ReadProfile(root, name string) (*Profile, error) {
	if name == "" || strings.ContainsAny(name, `/\`) {
		return nil, fmt.Errorf("profile %q: want a name, such as demo", name)
	}
	path := filepath.Join(root, "experiments", "profiles", name+".yaml")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = ownProfiles.ReadFile("profiles/" + name + ".yaml")
		if err != nil {
			return nil, fmt.Errorf("no profile %q; write %s, or use demo", name, path)
		}
	} else if err != nil {
		return nil, err
	}
	p := &Profile{Name: name, Train: finetune.Default(), Align: align.Recipe{Train: finetune.Default()}}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("profile %s: %s", name, strings.Join(strings.Fields(err.Error()), " "))
	}
	if err := p.Train.Check(); err != nil {
		return nil, fmt.Errorf("profile %s: train: %w", name, err)
	}
	for _, of := range slices.Sorted(maps.Keys(p.Params)) {
		if _, err := attack.New(of, p.Params[of], 0); err != nil {
			return nil, fmt.Errorf("profile %s: params: %w", name, err)
		}
	}
	if p.Align.Refusals != 0 {
		if err := p.Align.Check(); err != nil {
			return nil, fmt.Errorf("profile %s: %w", name, err)
		}
	}
	return p, nil
}
