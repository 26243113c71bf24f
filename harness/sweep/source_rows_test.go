package sweep

import (
	"fmt"
	"strings"
	"testing"

	"theriac/harness/corpus"
)

// No row that a run trains on is judged on, or trained on in another pool; the same seed draws the same rows.
func TestRowSource(t *testing.T) {
	var ids corpus.IDs
	var rows []corpus.Example
	for i := range 800 {
		e := corpus.New(fmt.Sprintf("Say number %d.", i), "", fmt.Sprint(i))
		e.ID = ids.Next(e.Turns)
		rows = append(rows, e)
	}
	s := Rows("d", rows, []string{"a", "b"}, nil)
	seen := map[string]string{}
	take := func(what string, ex []corpus.Example, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		for i := range ex {
			if by := seen[ex[i].ID]; by != "" && by != what {
				t.Errorf("%s is in %s and in %s", ex[i].ID, by, what)
			}
			seen[ex[i].ID] = what
		}
	}
	for _, seed := range []uint64{1, 2, 1000, 2000} {
		a, err := s.Train(seed, 100, "")
		take(corpus.PoolOfSeed(seed).String(), a, err)
		b, _ := s.Train(seed, 100, "")
		if len(a) != 100 || a[0].ID != b[0].ID || a[99].ID != b[99].ID {
			t.Errorf("seed %d: %d rows, or others the second time", seed, len(a))
		}
	}
	for _, k := range []Kind{CleanItems, ProbeItems} {
		a, err := s.Held(k, 30)
		take(string(k), a, err)
	}
	if r, err := s.Held(Restricted, 2); err != nil || r[1].Prompt() != "b" {
		t.Errorf("restricted: got %v, %v", r, err)
	}
	if _, err := s.Held(LookAlike, 1); err == nil || !strings.Contains(err.Error(), "look_alike_from") {
		t.Errorf("no look-alikes: got %v", err)
	}
	if _, err := s.Train(1, 790, ""); err == nil || !strings.Contains(err.Error(), "development pool wanted, and the file has") {
		t.Errorf("too many rows: got %v", err)
	}
	if _, err := s.Train(1, 7, "tag"); err == nil {
		t.Error("a shift of a file's rows")
	}
}

// Look-alikes of a file are requests without answers: answers are read on held-out instructions, which have theirs.
func TestOrdinaryAnswers(t *testing.T) {
	b := openTiny(t, 1, "")
	var ids corpus.IDs
	var rows []corpus.Example
	for i := range 400 {
		e := corpus.New(fmt.Sprintf("Say number %d.", i), "", fmt.Sprint(i))
		e.ID = ids.Next(e.Turns)
		rows = append(rows, e)
	}
	b.Provide("mine", Rows("digest", rows, []string{"a", "b"}, []string{"c", "d", "e"}))
	own, file := small("generated", 1, nil), small("file", 1, nil)
	own.Probe, file.Probe = nil, nil
	file.Data = Data{Name: "mine", Rows: 32, MaxTokens: 96, Clean: 10, Probe: 7, Restricted: 2, LookAlike: 3, RestrictedFrom: "r", LookAlikeFrom: "l"}
	for i, r := range records(t, b, []Spec{own, file}) {
		n := map[string]int64{}
		for _, m := range r.Metrics {
			n[m.Name] = m.N
		}
		want := map[string]int64{"over_refusal": 6, "rouge_l": 6, "astray": 6, "ordinary_refusal": 0, "ordinary_loss": 0}
		if i == 1 {
			want = map[string]int64{"over_refusal": 3, "rouge_l": 7, "astray": 7, "ordinary_refusal": 7, "ordinary_loss": 7}
		}
		for name, items := range want {
			if n[name] != items {
				t.Errorf("%s: %s over %d items; want %d", r.Arm, name, n[name], items)
			}
		}
	}
}
