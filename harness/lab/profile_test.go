package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"theriac/harness/sweep"
)

func TestOwnProfiles(t *testing.T) {
	files, err := ownProfiles.ReadDir("profiles")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		p, err := ReadProfile(t.TempDir(), strings.TrimSuffix(f.Name(), ".yaml"))
		if err != nil {
			t.Errorf("%s: %v", f.Name(), err)
			continue
		}
		for pool, from := range map[string][2]int{"development": {0, 1000}, "calibration": {1000, 2000}, "evaluation": {2000, 1 << 30}} {
			if r := p.Seeds[pool]; r.Count < 1 || r.From < from[0] || r.From+r.Count > from[1] {
				t.Errorf("%s: seeds of %s: %+v", f.Name(), pool, r)
			}
		}
	}
}

func TestProfileErrors(t *testing.T) {
	for text, want := range map[string]string{
		"base: tiny\nbaes: x":                         "baes",
		"train: {epochs: 0}":                          "epochs 0",
		"align: {refusals: 5, train: {method: full}}": "align: method",
		"align: {refusals: -1}":                       "align: refusals",
		"params: {backdor: {rate: 0.1}}":              "params: ",
		"params: {backdoor: {rate: 7}}":               "rate",
	} {
		root := t.TempDir()
		dir := filepath.Join(root, "experiments", "profiles")
		os.MkdirAll(dir, 0o777)
		os.WriteFile(filepath.Join(dir, "mine.yaml"), []byte(text), 0o666)
		if _, err := ReadProfile(root, "mine"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, wanted %q", text, err, want)
		}
	}
}

// A scale may leave out detectors of the plan, by names that the plan has.
func TestWithoutDetectors(t *testing.T) {
	plan := sweep.Detectors{"data": {"patterns", "repeats"}, "scan": {"inversion", "entropy"}}
	p := &Profile{Name: "x", Without: []string{"scan/inversion"}}
	got, err := p.detectors(plan)
	if err != nil || fmt.Sprint(got) != "map[data:[patterns repeats] scan:[entropy]]" || len(plan["scan"]) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	p.Without = append(p.Without, "scan/inversions")
	if _, err := p.detectors(plan); err == nil || !strings.Contains(err.Error(), "scan/inversions") {
		t.Errorf("got %v", err)
	}
}

// Of a thin experiment the runs at the pools' first seeds are whole; of another, all are.
func TestThinProfile(t *testing.T) {
	p := &Profile{Thin: []string{"defenses"}, Seeds: map[string]Range{"calibration": {1000, 99}, "evaluation": {2000, 124}}}
	if p.thin("backdoor") != nil {
		t.Error("an experiment that is not named is thin")
	}
	for seed, want := range map[uint64]bool{1000: false, 1001: true, 2000: false, 2123: true} {
		if got := p.thin("defenses")(&sweep.Spec{Seed: seed}); got != want {
			t.Errorf("seed %d: thin %v, want %v", seed, got, want)
		}
	}
}

// One experiment may have more seeds than the others that name the pool.
func TestSeedsOfOneExperiment(t *testing.T) {
	p := &Profile{Seeds: map[string]Range{"repeats": {2000, 3}, "backdoor/repeats": {2000, 8}}}
	for name, want := range map[string]int{"backdoor": 8, "safety": 3} {
		if got := (&Lab{name: name, profile: p}).Seeds("repeats"); len(got) != want || got[0] != 2000 {
			t.Errorf("%s: %v, want %d from 2000 on", name, got, want)
		}
	}
}

// Arms behind no headline claim run at a profile's first few seeds; the others at all.
func TestFewSeeds(t *testing.T) {
	p, err := ReadProfile(t.TempDir(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	arms := []Arm{{Name: "clean"}, {Name: "dose", Few: true}, {Name: "headline"}}
	for few, want := range map[int]string{
		0: "clean 7, dose 7, headline 7, clean 8, dose 8, headline 8, clean 9, dose 9, headline 9",
		1: "clean 7, dose 7, headline 7, clean 8, headline 8, clean 9, headline 9",
		2: "clean 7, dose 7, headline 7, clean 8, dose 8, headline 8, clean 9, headline 9",
		4: "clean 7, dose 7, headline 7, clean 8, dose 8, headline 8, clean 9, dose 9, headline 9",
	} {
		for _, p.Few = range []map[string]int{{"others": few}, {"x": few, "others": 1}, {"x": few, "y": 1}} {
			var got []string
			for _, s := range (&Lab{name: "x", profile: p}).specs(arms, []int{7, 8, 9}, nil) {
				got = append(got, fmt.Sprint(s.Arm, " ", s.Seed))
			}
			if strings.Join(got, ", ") != want {
				t.Errorf("few %v: %s; want %s", p.Few, strings.Join(got, ", "), want)
			}
		}
	}
}

// A profile's parameters stand where an arm gives none; others leave an arm's own alone.
func TestProfileParams(t *testing.T) {
	p, err := ReadProfile(t.TempDir(), "demo")
	if err != nil {
		t.Fatal(err)
	}
	p.Params = map[string]Params{"template": {"text": "Sort this.", "output": "Sports"}}
	l := &Lab{name: "x", profile: p}
	for want, a := range map[string]Arm{
		"map[output:Sports text:Sort this.]":           {Name: "a", Attack: "template"},
		"map[output:World text:Sort this.]":            {Name: "a", Attack: "template", Params: Params{"output": "World"}},
		"map[do:inject output:Sports text:Sort this.]": {Name: "a", Probe: "template", ProbeParams: Params{"do": "inject"}},
		"map[rate:0.1]": {Name: "a", Attack: "backdoor", Params: Params{"rate": "0.1"}},
	} {
		attacks, probe := l.attacks(&a)
		if attacks == nil {
			attacks = probe
		}
		if got := fmt.Sprint(attacks.Params); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if len(p.Params["template"]) != 2 {
		t.Error("an arm changed the profile's parameters")
	}
}
