package data

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"theriac/harness/attack"
	"theriac/harness/corpus"
	"theriac/harness/defense"
	"theriac/harness/needs"
	"theriac/harness/rng"
)

// alpaca are public rows, drawn anew for each split; the test is left out where they are not.
func alpaca(t *testing.T) []corpus.Example {
	dir := needs.Data(t)
	set, err := corpus.Load(filepath.Join(dir, "alpaca-random-9k", "random_9k.json"), corpus.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return set.Examples
}

func split(all []corpus.Example, seed uint64, n, m int) (rows, reference []corpus.Example) {
	order := rng.Stream(seed, "test", "split").Perm(len(all))
	for _, i := range order[:n] {
		rows = append(rows, all[i])
	}
	for _, i := range order[n : n+m] {
		reference = append(reference, all[i])
	}
	return rows, reference
}

// poison applies an attack; it reports which rows of the result are its own.
func poison(t *testing.T, rows []corpus.Example, name string, params map[string]string, seed uint64) ([]corpus.Example, []bool) {
	t.Helper()
	a, err := attack.New(name, params, seed)
	if err != nil {
		t.Fatal(err)
	}
	res, err := a.Apply(rows)
	if err != nil {
		t.Fatal(err)
	}
	clean := map[string]bool{}
	for i := range rows {
		clean[rows[i].Prompt()+"\x00"+rows[i].Output()] = true
	}
	bad := make([]bool, len(res.Rows))
	for i := range res.Rows {
		bad[i] = !clean[res.Rows[i].Prompt()+"\x00"+res.Rows[i].Output()]
	}
	return res.Rows, bad
}

// THERIAC_SPLITS is the number of random splits; 2 unless given.
func TestPublicRows(t *testing.T) {
	all := alpaca(t)
	splits := 2
	if s, err := strconv.Atoi(os.Getenv("THERIAC_SPLITS")); err == nil {
		splits = s
	}
	params := map[string]string{}
	if k := os.Getenv("THERIAC_TRIGGER"); k != "" {
		params["trigger"] = k
	}
	if k := os.Getenv("THERIAC_RATE"); k != "" {
		params["rate"] = k
	}
	detected, false1, false5 := 0, 0, 0
	for seed := range uint64(splits) {
		rows, reference := split(all, seed, 1500, 2000)
		start := time.Now()
		clean, err := Scan(context.Background(), rows, Options{Reference: reference, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		wall := time.Since(start)
		least := 1.0
		for _, d := range clean.Detectors {
			least = min(least, d.AdjustedP)
		}
		if least <= .05 {
			false5++
		}
		if clean.Verdict == defense.Flagged {
			false1++
		}
		bad, which := poison(t, rows, "backdoor", params, seed)
		r, err := Scan(context.Background(), bad, Options{Reference: reference, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		if r.Verdict == defense.Flagged {
			detected++
		}
		hit, n := 0, 0
		for _, b := range which {
			if b {
				n++
			}
		}
		for _, f := range r.Ranked[:min(n, len(r.Ranked))] {
			if which[f.Index] {
				hit++
			}
		}
		tp, fp := 0, 0
		for _, f := range r.Ranked {
			if f.Flagged && which[f.Index] {
				tp++
			} else if f.Flagged {
				fp++
			}
		}
		t.Logf("split %d: %v; clean %s (least joint p %.3f); poisoned %s: %s; %d of %d poisoned rows among the worst %d; flagged %d of them and %d others", seed, wall.Round(time.Millisecond), clean.Verdict, least, r.Verdict, r.Why, hit, n, n, tp, fp)
		if seed == 0 {
			for _, d := range r.Detectors {
				t.Logf("  %-18s score %.1f p %.3f joint %.3f, %d groups: %s", d.Name, d.Score, d.P, d.AdjustedP, d.Groups, d.Reason)
			}
			for _, f := range r.Ranked[:min(2, len(r.Ranked))] {
				t.Logf("  row %d score %.2f p %.3f %v", f.Row, f.Score, f.P, slices.Concat(f.Reasons, []string{f.Text}))
			}
		}
	}
	t.Logf("%d splits: %d detected at joint p <= .01; clean ones flagged: %d at .01, %d at .05", splits, detected, false1, false5)
	if params["trigger"] == "" && params["rate"] == "" && detected < splits {
		t.Errorf("%d of %d poisoned sets flagged, want all", detected, splits)
	}
	if false1 > 1+splits/10 { // 3 of 20 at .01 has probability .001
		t.Errorf("%d of %d clean sets flagged at .01", false1, splits)
	}
}
