package lab

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"theriac/harness/finetune"
	"theriac/harness/store"
	"theriac/harness/sweep"
)

// stopped gives what a call stops with; "" if it does not.
func stopped(f func()) (line string) {
	defer func() {
		if e, ok := recover().(Error); ok {
			line = string(e)
		}
	}()
	f()
	return ""
}

// Evaluation seeds of a planned profile wait for a frozen plan, and a plan that is changed afterwards is refused.
func TestPlanIsFrozenFirst(t *testing.T) {
	text, err := os.ReadFile("../../experiments/plan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i := range lines {
		if strings.HasPrefix(lines[i], "frozen:") {
			lines[i] = ""
		}
	}
	open := strings.Join(lines, "\n")
	session := func(plan string) *Lab {
		root := t.TempDir()
		if err := os.MkdirAll(filepath.Join(root, "experiments"), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "experiments", "plan.yaml"), []byte(plan), 0o666); err != nil {
			t.Fatal(err)
		}
		return &Lab{env: Environment{Root: root}, profile: &Profile{Name: "study", Planned: true}}
	}
	l := session(open)
	line := stopped(func() { l.frozen(2000) })
	at := strings.Index(line, "frozen: ")
	if at < 0 {
		t.Fatalf("not frozen: %q; want the line to write", line)
	}
	frozen := line[at:] + "\n" + open
	if got := session(frozen).frozen(2000); "frozen: "+got != line[at:] {
		t.Errorf("frozen: the runs carry %q", got)
	}
	if line := stopped(func() {
		session(strings.Replace(frozen, "clean_accuracy: 0.02", "clean_accuracy: 0.03", 1)).frozen(2000)
	}); !strings.Contains(line, "changed after") {
		t.Errorf("another margin: %q; want it refused", line)
	}
	if got := session(open).frozen(1000); got != "" {
		t.Errorf("calibration seeds carry %q", got)
	}
	for _, bad := range []string{strings.Replace(open, "alpha: 0.05", "alpha: 0.1", 1), strings.Replace(open, "exact-duplicates,", "", 1), open + "more: 1\n"} {
		if _, err := readPlan(session(bad).env.Root); err == nil {
			t.Error("an alpha of its own, a detector that is nowhere, an unknown key: want errors")
		}
	}
}

// A planned profile's own plan is whole: TestPlanIsFrozenFirst reads it; every profile that theriac brings names the pools of the notebooks.
func TestProfilesHaveThePools(t *testing.T) {
	for _, name := range []string{"demo", "study"} {
		p, err := ReadProfile(t.TempDir(), name)
		if err != nil {
			t.Fatal(err)
		}
		for _, pool := range []string{"calibration", "evaluation", "hard", "attacks", "twins", "prevention", "regimes", "ablation", "race"} {
			if _, ok := p.Seeds[pool]; !ok {
				t.Errorf("profile %s has no seeds for %s", name, pool)
			}
		}
	}
}

// A calibration judges runs of its own data: other rows, or as many more, are refused by name; what sets the rows apart on purpose is not, and
// what nobody judges may be of any data.
func TestCalibrationKnowsItsRows(t *testing.T) {
	l := &Lab{profile: &Profile{Data: sweep.Data{Name: "generated", Rows: 2000, MaxTokens: 96}, Train: finetune.Default()}, calibration: &sweep.Calibration{Detect: &sweep.Detect{}}}
	for _, a := range []Arm{{}, {Shift: "tag"}, {Train: Train{Epochs: 6}}, {Set: Params{"clean": "10"}}} {
		if line := stopped(func() {
			if s := l.spec(&a); s.Detect == nil {
				t.Errorf("%+v is not judged", a)
			}
		}); line != "" {
			t.Errorf("%+v: %s", a, line)
		}
	}
	for _, a := range []Arm{{Rows: 500, Base: true}, {Rows: 500, Prevent: "rate"}, {Rows: 500, Train: Train{Method: "full"}}} {
		if line := stopped(func() { l.spec(&a) }); line != "" {
			t.Errorf("%+v: %s; want no word, for nobody judges it", a, line)
		}
	}
	data := l.profile.Data
	file, items := data, data
	file.Name, items.Items = "own.jsonl", "0123"
	for want, stop := range map[string]func(){
		"500 rows of generated":       func() { l.spec(&Arm{Rows: 500}) },
		"500 rows of generated at 96": func() { l.spec(&Arm{Set: Params{"rows": "500"}}) },
		"at 64 tokens":                func() { l.spec(&Arm{Set: Params{"max_tokens": "64"}}) },
		"2000 rows of own.jsonl":      func() { l.judged(&sweep.Spec{Data: file, Train: finetune.Default()}, &Arm{}) },
		"requests 0123":               func() { l.judged(&sweep.Spec{Data: items, Train: finetune.Default()}, &Arm{}) },
	} {
		if line := stopped(stop); !strings.Contains(line, want) || !strings.Contains(line, "before l.Calibrate") {
			t.Errorf("stopped with %q; want %q and the remedy", line, want)
		}
	}
}

// A calibration that is lent has one run a seed, of this device's bits.
func TestLent(t *testing.T) {
	root := t.TempDir()
	at := func(dir string) *store.Store {
		st, err := store.Open(filepath.Join(root, "results", dir, lender), filepath.Join(root, "results", dir, ".runs", lender))
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	put := func(st *store.Store, id string, seed int64) {
		if err := st.Put(&store.Record{Run: store.Run{ID: id, Experiment: lender, Arm: calibrationArm, Seed: seed, Status: store.Done}}); err != nil {
			t.Fatal(err)
		}
		if err := st.Compact(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	cpu := at("study")
	put(cpu, "a", 1000)
	put(cpu, "b", 1001)
	l := &Lab{name: "armsrace", env: Environment{Root: root}, profile: &Profile{Name: "demo", Calibration: "study"}}
	if got := l.lent(); len(got) != 2 {
		t.Errorf("%d runs, want 2", len(got))
	}
	l.env.Device = "cuda-tf32"
	if got := l.lent(); got != nil {
		t.Errorf("%d of the CPU's runs are lent to another numerics", len(got))
	}
	put(at("study-cuda-tf32"), "c", 1000)
	if got := l.lent(); len(got) != 1 || got[0].ID != "c" {
		t.Errorf("%d runs, want the device's own", len(got))
	}
	l.env.Device = "cuda"
	put(cpu, "d", 1001)
	if line := stopped(func() { l.lent() }); !strings.Contains(line, "several runs at seed 1001") || !strings.Contains(line, "theriac results defenses --profile study --drop RUN") {
		t.Errorf("stopped with %q", line)
	}
}
