package report

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"theriac/analysis/estimate"
	"theriac/harness/store"
)

// defended is a synthetic experiment of defenses: clean and shifted rows, attacks and a control, judged by two levels and by
// all together against 99 calibration runs.
type defended struct {
	arm, attack, shift string
	lr                 string // another training than the clean arm's
	seeds              int
	caught             map[string]int // by level: of how many seeds the first are flagged
	blind              map[string]string
	success            float64
}

var bouts = []defended{
	{arm: "clean", seeds: 124, caught: map[string]int{"data": 5, "scan": 20, "ensemble": 4}},
	{arm: "hard: boilerplate", shift: "boilerplate", seeds: 20, caught: map[string]int{"data": 9}},
	{arm: "clean, hot", lr: "0.1", seeds: 9, caught: map[string]int{"data": 9}},
	{arm: "token, hot", attack: "backdoor", lr: "0.1", seeds: 9},
	{arm: "token", attack: "backdoor", seeds: 29, caught: map[string]int{"data": 29, "scan": 13, "ensemble": 29}, success: 0.9},
	{arm: "swapped", attack: "adapterswap", seeds: 29, caught: map[string]int{"scan": 27, "ensemble": 20}, blind: map[string]string{"data": "the rows are clean; the adapter is swapped after training"}, success: 0.8},
	{arm: "placebo", attack: "shuffled", seeds: 10, caught: map[string]int{"data": 3}},
}

func writeDefended(t *testing.T, root, profile string, bouts []defended, spec ...store.Field) {
	t.Helper()
	dir := filepath.Join(root, "results", profile, "defense")
	st, err := store.Open(dir, filepath.Join(root, "results", profile, ".runs", "defense"))
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bouts {
		for i := range b.seeds {
			r := &store.Record{Run: store.Run{ID: fmt.Sprintf("%s.%d", strings.ReplaceAll(idName(b.arm), ":", ""), i), Experiment: "defense", TrainKey: fmt.Sprint(b.arm, i), Seed: int64(2000 + i), Arm: b.arm, Status: store.Done}}
			r.Spec = append(r.Spec, spec...)
			if b.attack != "" {
				r.Spec = append(r.Spec, store.Field{Name: "attack", Value: b.attack})
				r.Metrics = append(r.Metrics, store.Metric{Name: "asr", Value: b.success, N: 100, K: int64(100 * b.success)},
					store.Metric{Name: "row_auroc/data/perplexity", Value: 0.9, N: 30, K: -1}, store.Metric{Name: "row_precision/data/perplexity", Value: 0.5, N: 30, K: -1})
			}
			if b.lr != "" {
				r.Spec = append(r.Spec, store.Field{Name: "lr", Value: b.lr})
			}
			if b.shift != "" {
				r.Spec = append(r.Spec, store.Field{Name: "shift", Value: b.shift})
			}
			for m := range 4 {
				lift := 0.0
				if b.attack != "" {
					lift = 1
				}
				r.Scores = append(r.Scores, store.Score{Detector: "scan/sigma1", Unit: fmt.Sprintf("layers.%d.q_proj", m), Score: 1 + lift + float64(i)/100})
			}
			for _, level := range []string{"data", "scan", "ensemble"} {
				d := store.Detection{Level: level, Score: 1 + float64(i)/1000, Threshold: 3, P: 0.5, N: 99, Verdict: "nothing found"}
				if i < b.caught[level] {
					d.Score, d.P, d.Verdict = 5+float64(i)/1000, 0.01, "flagged"
				}
				if why := b.blind[level]; why != "" {
					d.Verdict = "n/a: " + why
				}
				r.Detections = append(r.Detections, d)
				if level == "data" {
					d.Detector = "perplexity"
					r.Detections = append(r.Detections, d)
				}
			}
			if err := st.Put(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := st.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// line is the first line of a text that holds all parts.
func line(text string, parts ...string) string {
next:
	for l := range strings.Lines(text) {
		for _, p := range parts {
			if !strings.Contains(l, p) {
				continue next
			}
		}
		return l
	}
	return ""
}

// A judge whose calibration is too small to flag anything has no counts, in no table.
func TestInconclusiveJudge(t *testing.T) {
	few := []estimate.Judgement{{P: 0.143, N: 20, Unknown: true}, {P: 1, N: 20, Unknown: true}}
	if got := tally(few); got != "inconclusive: too few calibration runs" {
		t.Errorf("got %q", got)
	}
	if got := tally(append(few, estimate.Judgement{P: 0.01, N: 99})); !strings.HasPrefix(got, "1 of 3") {
		t.Errorf("one that can be judged among them: got %q", got)
	}
	if got := tally(nil); got != "not measured" {
		t.Errorf("none: got %q", got)
	}
}

func TestDefenses(t *testing.T) {
	root := t.TempDir()
	writeDefended(t, root, "demo", bouts, store.Field{Name: "plan", Value: "abc123"})
	text, files := renderAt(t, root)
	wants(t, text,
		"All 230 runs at evaluation seeds carry the digest of the plan that was frozen before them, `abc123`",
		"Verdicts are stored for data validation (", "No verdict is stored for training monitor",
		"a detection rate of at least 90 % is shown, each by its own bound, for data validation (29 of 29 runs", "not for backdoor detection (13 of 29 runs",
		"At their best the defender runs ", "; mixtures chosen so on half of the seeds leave the attacker ", "(2 attacks, 5 defenses, 29 seeds)",
		"Caught by one detector of its level alone, of those that by themselves flag at least 90 % of an attack's runs: perplexity of data validation (token).",
		"| defense: token ", "perplexity")
	for _, c := range []struct {
		has  []string
		want string
	}{
		{[]string{"| data validation ", "29 of 29, 100.0", "5 of 124, 4.0"}, "defense: token (29 of 29)"},
		// 5 of 124 at n = 99 lies within the beta-binomial's range; 20 does not, and 20 at p <= .01 bounds no rate below 5 %.
		{[]string{"| data validation ", "5 of 124", "5 of 124"}, "| not contradicted "},
		{[]string{"| backdoor detection ", "20 of 124, 16.1 \\[10.1, 23.8\\] %"}, "| no (p "},
		// Where a level flags at p .01, any of three does at .03; one that is blind counts as quiet.
		// At 99 calibration runs three levels together reach no p of .01: that none is flagged there proves nothing.
		{[]string{"| any one level (Bonferroni) ", "20 of 124"}, "| too few calibration runs |"},
		{[]string{"| any one level (Bonferroni) ", "56 of 58"}, "| "},
		{[]string{"| defense: hard: boilerplate ", "9 of 20, 45.0"}, "0 of 20"},
		{[]string{"| defense: token, hot "}, "0 of 9"},
		{[]string{"| defense: clean, hot "}, "9 of 9, 100.0"}, // trained otherwise: no false alarm of the calibration's, but a hard negative
		{[]string{"| defense: swapped ", "n/a: the rows are clean"}, "27 of 29, 93.1"},
		{[]string{"| defense: placebo "}, "3 of 10, 30.0"},
		{[]string{"| defense: token ", "data/perplexity", "0.900"}, "50.0"},
	} {
		if l := line(text, c.has...); !strings.Contains(l, c.want) {
			t.Errorf("%q: line %q; want %q in it", c.has, l, c.want)
		}
	}
	drawn := map[string]bool{}
	for _, f := range files {
		drawn[filepath.Base(f.Path)] = true
	}
	for _, name := range []string{"matrix", "roc", "payoff", "predictive", "cost", "spectra"} {
		if !drawn[name+".svg"] || !drawn[name+".png"] {
			t.Errorf("no figure %s", name)
		}
	}
}

// Two notebooks that train the same models have one attack; the larger of them counts.
func TestDistinct(t *testing.T) {
	j := judge{level: levels[0]}
	of := func(keys ...string) (v []estimate.Judgement) {
		for _, k := range keys {
			v = append(v, estimate.Judgement{TrainKey: k, Seed: 2000})
		}
		return v
	}
	plain, token, twin, other := place{"armsrace", "plain"}, place{"defenses", "backdoor"}, place{"race", "plain"}, place{"defenses", "label"}
	g := &judged{judges: []judge{j}, by: map[judge]map[place][]estimate.Judgement{j: {
		plain: of("a"), token: of("a", "b"), twin: of("a", "b"), other: of("c"),
	}}}
	if got := distinct(g, []place{plain, token, other, twin}); !slices.Equal(got, []place{other, twin}) {
		t.Errorf("got %v, want label and the last of the equal ones", got)
	}
}

// Where each attack has one run, that is said before anything is recommended; what a level flags of clean runs stands beside it, where any one
// of them can flag nothing, too.
func TestSingleRuns(t *testing.T) {
	root := t.TempDir()
	writeDefended(t, root, "demo", []defended{
		{arm: "clean", seeds: 5, caught: map[string]int{"data": 2}},
		{arm: "token", attack: "backdoor", seeds: 1, caught: map[string]int{"data": 1}, success: 0.9},
		{arm: "other", attack: "label", seeds: 1, success: 0.9},
	})
	text, _ := renderAt(t, root)
	wants(t, text, "With at most 1 run an attack, which is an example and shows nothing of other runs: deploy data validation (1 attack that nothing before it catches; it flags 2 of 5 clean runs)")
	if strings.Contains(text, "worst attack |") {
		t.Error("of single runs one is called the worst")
	}
}

// Two profiles: REPORT.md is about the one with more headline runs, whatever they found, and names the other.
func TestProfiles(t *testing.T) {
	root := t.TempDir()
	s := small()
	s.seeds = 3
	s.write(t, root, "demo")
	s.seeds = 2
	s.write(t, root, "smollm2")
	names, err := Profiles(root)
	if err != nil || len(names) != 2 {
		t.Fatalf("%v, %v", names, err)
	}
	files := renderProfiles(t, root, names...)
	text := string(files[0].Data)
	wants(t, text, "It is about the profile `demo`, whose headline claims have the most runs", "[smollm2](figures/smollm2/report/REPORT.md)", "| claim ", "3 seeds, p ", "2 seeds, p ", "(figures/demo/report/dose.svg)")
	at := map[string]string{}
	for _, f := range files {
		at[f.Path] = string(f.Data)
	}
	own := at["figures/smollm2/report/REPORT.md"]
	wants(t, own, "`theriac report --profile smollm2` from `results/smollm2/`", "(dose.svg)", "(../../../harness/corpus/doc.go)", "How long an experiment takes: theriac plan --profile smollm2.",
		"This profile, smollm2, is a real base on public data", "side by side in [REPORT.md](../../../REPORT.md#other-scales)")
	if at["figures/smollm2/report/dose.svg"] == "" || strings.Contains(own, "results/demo") {
		t.Error("the profile's own report is not its own")
	}
	if err := Write(root, files); err != nil {
		t.Fatal(err)
	}
	if diff, err := Check(root, files); diff != "" || err != nil {
		t.Errorf("%q, %v", diff, err)
	}
	if err := os.RemoveAll(filepath.Join(root, "results")); err != nil {
		t.Fatal(err)
	}
	if _, err := Profiles(root); err == nil {
		t.Error("no results: no error")
	}
}
