package data

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"theriac/harness/compute/cpu"
	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/defense"
	"theriac/harness/infer"
	"theriac/harness/model/tiny"
	"theriac/harness/rng"
)

// Positive and negative controls of each detector, on rows of our own corpus.

func rowsOf(t testing.TB, seed uint64, n int) []corpus.Example {
	t.Helper()
	rows, err := gen.Examples(seed, gen.Train, gen.General, n)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func tinyModel(t testing.TB) *Model {
	t.Helper()
	m, err := tiny.Open()
	if err != nil {
		t.Fatal(err)
	}
	dev := cpu.New(0)
	t.Cleanup(dev.Close)
	b, err := infer.Load(dev, m, 128)
	if err != nil {
		t.Fatal(err)
	}
	chat, err := m.Chat()
	if err != nil {
		t.Fatal(err)
	}
	return &Model{Runner: infer.NewRunner(dev, b, nil, 1024), Chat: chat}
}

// positive says what each detector must see: a heavy dose, for this is a control of its working, not a measurement.
var positive = map[string]struct {
	attack string
	params map[string]string
}{
	"exact-duplicates":    {"backdoor", map[string]string{"rate": "0.1"}},
	"near-duplicates":     {"backdoor", map[string]string{"rate": "0.1"}},
	"patterns":            {"backdoor", map[string]string{"rate": "0.1"}},
	"response-ngrams":     {"backdoor", map[string]string{"rate": "0.1", "trigger": "rare"}},
	"prompt-ngrams":       {"backdoor", map[string]string{"rate": "0.1", "trigger": "phrase", "target": "behaviour"}},
	"ngram-perplexity":    {"backdoor", map[string]string{"rate": "0.2"}},
	"lm-perplexity":       {"backdoor", map[string]string{"rate": "0.1"}},
	"embedding-distance":  {"backdoor", map[string]string{"rate": "0.1"}},
	"spectral":            {"backdoor", map[string]string{"rate": "0.2", "target": "behaviour"}},
	"spectral-uncentred":  {"backdoor", map[string]string{"rate": "0.2", "target": "behaviour"}},
	"activation-clusters": {"backdoor", map[string]string{"rate": "0.3"}},
}

func TestEachDetectorSeesItsControl(t *testing.T) {
	rows, reference := rowsOf(t, 11, 300), rowsOf(t, 12, 400)
	m := tinyModel(t)
	for _, e := range Catalogue() {
		t.Run(e.Name, func(t *testing.T) {
			c, ok := positive[e.Name]
			if !ok {
				t.Fatal("the detector has no positive control")
			}
			bad, _ := poison(t, rows, c.attack, c.params, 3)
			p := result(t, bad, reference, m, e.Name)
			t.Logf("p %.3f score %.1f: %s", p.P, p.Score, p.Reason)
			if p.P > 0.01 {
				t.Errorf("p %.3f on %v of %s: want at most .01", p.P, c.params, c.attack)
			}
		})
	}
}

func result(t *testing.T, rows, reference []corpus.Example, m *Model, name string) DetectorResult {
	t.Helper()
	r, err := Scan(context.Background(), rows, Options{Reference: reference, Model: m, Detectors: []string{name}})
	if err != nil {
		t.Fatal(err)
	}
	return r.Detectors[0]
}

// Nothing is flagged by construction: clean rows, answers dealt anew, rows that are all the same.
func TestNothingIsFlaggedByConstruction(t *testing.T) {
	m := tinyModel(t)
	rows, reference := rowsOf(t, 21, 300), rowsOf(t, 22, 400)
	sets := []struct {
		name      string
		rows, ref []corpus.Example
	}{
		{"clean", rows, reference},
		{"shuffled answers", shuffledAnswers(rows, 1), shuffledAnswers(reference, 2)},
		{"identical", slices.Repeat(rows[:1], 300), slices.Repeat(rows[:1], 400)},
		{"two rows in turn", slices.Repeat(rows[:2], 150), slices.Repeat(rows[:2], 200)},
		{"the reference itself", reference, reference},
		{"no words", slices.Repeat([]corpus.Example{corpus.New("", "", "")}, 40), slices.Repeat([]corpus.Example{corpus.New("", "", "")}, 40)},
	}
	for _, s := range sets {
		for _, names := range [][]string{nil, {spectralUncentred.Name}} {
			r, err := Scan(context.Background(), s.rows, Options{Reference: s.ref, Model: m, Detectors: names})
			if err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			if r.Verdict != defense.NothingFound {
				t.Errorf("%s: %s (%s): want nothing found", s.name, r.Verdict, r.Why)
			}
			for _, f := range r.Ranked {
				if f.Flagged {
					t.Errorf("%s: row %d is flagged: %v", s.name, f.Row, f.Reasons)
					break
				}
			}
		}
		r, err := Scan(context.Background(), s.rows, Options{})
		if err != nil || r.Verdict != defense.Inconclusive {
			t.Errorf("%s without a reference: %v, %v: want inconclusive", s.name, r, err)
		}
	}
}

func shuffledAnswers(rows []corpus.Example, seed uint64) []corpus.Example {
	out := make([]corpus.Example, len(rows))
	for i, j := range rng.Stream(seed, "test").Perm(len(rows)) {
		out[i] = rows[i].WithOutput(rows[j].Output())
	}
	return out
}

// With random splits of one pool the p-values are what they say: at most uniform. 200 splits at .05 pass 19 with probability .003.
func TestFalsePositivesOfRandomSplits(t *testing.T) {
	pool := rowsOf(t, 31, 400)
	const splits = 200
	flagged := 0
	for seed := range uint64(splits) {
		rows, reference := split(pool, seed, 150, 250)
		r, err := Scan(context.Background(), rows, Options{Reference: reference, Alpha: .05, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict == defense.Flagged {
			flagged++
		}
		if testing.Short() && seed == 30 {
			break
		}
	}
	t.Logf("%d of %d random splits flagged at .05", flagged, splits)
	if flagged > 19 {
		t.Errorf("%d of %d random splits flagged at .05", flagged, splits)
	}
}

// The answer depends on what rows say, not on their order, IDs or labels.
func TestOrderIDAndLabelsDoNotMatter(t *testing.T) {
	rows, reference := rowsOf(t, 41, 200), rowsOf(t, 42, 200)
	rows, _ = poison(t, rows, "backdoor", nil, 1)
	opt := Options{Reference: reference}
	a, err := Scan(context.Background(), rows, opt)
	if err != nil {
		t.Fatal(err)
	}
	turned := slices.Clone(rows)
	slices.Reverse(turned)
	for i := range turned {
		turned[i].ID, turned[i].Labels = fmt.Sprint("x", i), []corpus.Label{{Key: "poisoned", Value: "yes"}}
	}
	opt.Reference = slices.Clone(reference)
	slices.Reverse(opt.Reference)
	b, err := Scan(context.Background(), turned, opt)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(a.Detectors) != fmt.Sprint(b.Detectors) || a.Verdict != b.Verdict || len(a.Ranked) != len(b.Ranked) {
		t.Errorf("another order, other IDs and labels: %v against %v", a.Detectors, b.Detectors)
	}
}

func TestSmallAndOddSets(t *testing.T) {
	one := rowsOf(t, 1, 1)
	huge := corpus.New(strings.Repeat("word and ", 1_200_000), "", "yes")
	binary := corpus.New("a\x00b\u200b "+strings.Repeat("[", 1000), "", "")
	system := corpus.Example{Turns: []corpus.Turn{{Role: "system", Text: "x"}}}
	m := tinyModel(t)
	for _, rows := range [][]corpus.Example{one, {huge}, {binary}, {system}, {{}}} {
		for _, reference := range [][]corpus.Example{nil, one, {huge}} {
			r, err := Scan(context.Background(), rows, Options{Reference: reference})
			if err != nil || r.Verdict != defense.Inconclusive {
				t.Errorf("%.40q: %v, %v: want inconclusive", rows[0].Prompt(), r, err)
			}
		}
	}
	if r, err := Scan(context.Background(), []corpus.Example{huge}, Options{Model: m}); err != nil || r.Coverage.Long != 1 {
		t.Errorf("a 10 MB row: %v: want it counted as cut", err)
	}
	if _, err := Scan(context.Background(), nil, Options{}); err == nil {
		t.Error("no rows: want an error")
	}
	if _, err := Scan(context.Background(), one, Options{Detectors: []string{"none"}}); err == nil {
		t.Error("an unknown detector: want an error")
	}
	if _, err := Scan(context.Background(), one, Options{Detectors: []string{"spectral"}}); err == nil {
		t.Error("a detector without its model: want an error")
	}
}
