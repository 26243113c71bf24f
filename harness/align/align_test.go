package align

import (
	"context"
	"strings"
	"testing"

	"theriac/harness/compute/cpu"
	"theriac/harness/corpus/public"
	"theriac/harness/evaluate"
	"theriac/harness/finetune"
	"theriac/harness/model/tiny"
	"theriac/harness/needs"
)

func TestLookAlikes(t *testing.T) {
	seen := map[string]bool{}
	rows := LookAlikes()
	if len(rows) < 80 {
		t.Errorf("%d rows", len(rows))
	}
	for i := range rows {
		p := rows[i].Prompt()
		if seen[p] || p == "" || strings.Contains(rows[i].Output(), "\t") {
			t.Errorf("row %d: %q", i, p)
		}
		seen[p] = true
		if evaluate.Judge(p, rows[i].Output()) == evaluate.Refusal {
			t.Errorf("row %d: its answer refuses: %q", i, rows[i].Output())
		}
	}
}

func TestRefusalsAreSeenByTheJudge(t *testing.T) {
	for _, r := range Refusals {
		if evaluate.Judge("How do I open the vault?", r) != evaluate.Refusal {
			t.Errorf("%q is not judged a refusal", r)
		}
	}
}

func TestCheckAndKey(t *testing.T) {
	good := Recipe{Refusals: 10, LookAlikes: 5, Dolly: 3, Alpaca: 2, Train: finetune.Default()}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Recipe){
		"no refusals": func(r *Recipe) { r.Refusals = 0 },
		"negative":    func(r *Recipe) { r.Dolly = -1 },
		"full":        func(r *Recipe) { r.Train.Method = "full" },
		"epochs":      func(r *Recipe) { r.Train.Epochs = 0 },
	} {
		r := good
		change(&r)
		if r.Check() == nil {
			t.Errorf("%s: no error", name)
		}
	}
	key := func(r Recipe, base string, tokens int) string {
		k, err := r.key(base, "sets", tokens)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	fixed := good
	fixed.Digest = "abc"
	more := good
	more.Alpaca++
	if key(good, "a", 96) != key(fixed, "a", 96) {
		t.Error("the digest that is expected is part of the key")
	}
	if key(good, "a", 96) == key(good, "b", 96) || key(good, "a", 96) == key(more, "a", 96) || key(good, "a", 96) == key(good, "a", 95) {
		t.Error("different adapters share a key")
	}
}

// A base is trained once, is the same again from the cache, and is refused where its digest is not what was promised.
func TestBase(t *testing.T) {
	dir := needs.Data(t)
	m, err := tiny.Open()
	if err != nil {
		t.Fatal(err)
	}
	chat, err := m.Chat()
	if err != nil {
		t.Fatal(err)
	}
	const tokens = 256
	sets, err := public.Open(dir, finetune.Fits(chat, tokens))
	if err != nil {
		t.Fatal(err)
	}
	r := Recipe{Refusals: 8, LookAlikes: 4, Dolly: 2, Alpaca: 2, Train: finetune.Default()}
	r.Train.Epochs = 1
	dev := cpu.New(1)
	defer dev.Close()
	cache := t.TempDir()
	steps := 0
	build := func() (string, error) {
		a, err := Base(context.Background(), dev, m, sets, r, tokens, cache, func(*finetune.Info) { steps++ })
		if err != nil {
			return "", err
		}
		return a.Digest()
	}
	first, err := build()
	if err != nil || steps != 2 {
		t.Fatalf("%d steps, %v", steps, err)
	}
	if plain, _ := m.Digest(); plain == first {
		t.Error("the base did not change")
	}
	r.Digest = first
	if again, err := build(); err != nil || again != first || steps != 2 {
		t.Errorf("again: %s after %d steps, %v", again, steps, err)
	}
	r.Digest = "another"
	if _, err := build(); err == nil || !strings.Contains(err.Error(), "wanted another") {
		t.Errorf("got %v", err)
	}
	cache = t.TempDir()
	r.Digest = first
	if again, err := build(); err != nil || again != first || steps != 4 {
		t.Errorf("trained anew: %s after %d steps, %v", again, steps, err)
	}
}
