package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// record makes run i of an experiment: the same for the same numbers.
func record(i, steps, items, metrics int) *Record {
	rnd := rand.New(rand.NewPCG(uint64(i), 7))
	r := &Record{Run: Run{
		ID: fmt.Sprintf("%x", sha256.Sum256([]byte{byte(i), byte(i >> 8), byte(i >> 16)}))[:32], Experiment: "test", TrainKey: fmt.Sprintf("key%d", i/3),
		Seed: int64(i % 10), Arm: []string{"clean", "poisoned"}[i%2], Status: Done,
		Spec: []Field{{"rate", fmt.Sprint(float64(i%5) / 100)}, {"epochs", "2"}},
	}}
	if i%7 == 3 {
		r.Spec = append(r.Spec, Field{"trigger", "cf"})
	}
	for j := range metrics {
		m := Metric{Name: fmt.Sprintf("metric%02d", j), Value: rnd.Float64(), N: 100, K: -1}
		if j%2 == 0 {
			m.K = int64(m.Value * 100)
		}
		if i%50 == 9 && j == 1 {
			m.Value = math.NaN()
		}
		r.Metrics = append(r.Metrics, m)
	}
	for j := range steps {
		r.Steps = append(r.Steps, Step{int32(j), rnd.Float32(), rnd.Float32(), 1e-3, int32(100 + rnd.IntN(50))})
	}
	for j := range items {
		r.Items = append(r.Items, Item{"qa", fmt.Sprintf("item%04d", j), []string{"correct", "wrong"}[rnd.IntN(2)], rnd.Float32()})
	}
	if i%11 == 5 {
		r.Status, r.Reason = Failed, "loss is not a number at step 3"
	}
	for j := range i % 4 {
		r.Examples = append(r.Examples, Example{fmt.Sprintf("ex%d", j), "set@abc:1", j == 0, ""})
		r.Scores = append(r.Scores, Score{"perplexity", fmt.Sprintf("ex%d", j), rnd.NormFloat64()})
	}
	if i%2 == 0 {
		r.Detections = []Detection{{"data", "", 3, 2, 0.01, 99, "flagged"}, {"data", "perplexity", 1, 2, 0.5, 99, "nothing found"}}
	}
	return r
}

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(filepath.Join(dir, "demo", "x"), filepath.Join(dir, "demo", ".runs", "x"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *Store, rs ...*Record) {
	t.Helper()
	for _, r := range rs {
		if err := s.Put(r); err != nil {
			t.Fatal(err)
		}
	}
}

func compact(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Compact(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// contents are the tables' bytes.
func contents(t testing.TB, s *Store) map[string]string {
	t.Helper()
	out := map[string]string{}
	entries, err := os.ReadDir(s.tables)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(s.tables, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(data)
	}
	return out
}

func sameBytes(t interface {
	Fatalf(string, ...any)
	Errorf(string, ...any)
}, got, want map[string]string) {
	if len(got) != len(Tables) || len(want) != len(Tables) {
		t.Fatalf("found %d and %d tables, wanted %d", len(got), len(want), len(Tables))
	}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %d and %d bytes differ", name, len(got[name]), len(want[name]))
		}
	}
}

func contains(err error, text string) bool { return err != nil && strings.Contains(err.Error(), text) }
