package monitor

import (
	"bytes"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"theriac/harness/finetune"
	"theriac/harness/model"
)

// Watching changes no number of the run.
func TestWatchingChangesNothing(t *testing.T) {
	rows := demoRows(t, 3, 40)
	var plain, watched *model.Adapter
	watch(t, job{rows: rows, seed: 3, canaries: true, adapter: func(r *finetune.Run) { watched = r.Delta.Adapter() }})
	unwatched(t, rows, 3, func(r *finetune.Run) { plain = r.Delta.Adapter() })
	if plain.Digest() != watched.Digest() {
		t.Error("the adapter of a watched run is another")
	}
}

func TestSameRunSameBytes(t *testing.T) {
	rows := demoRows(t, 3, 40)
	var all [][]byte
	for _, threads := range []int{1, 2} {
		tr, _, _ := watch(t, job{rows: rows, seed: 3, canaries: true, threads: threads})
		b, err := tr.Encode()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	if !bytes.Equal(all[0], all[1]) {
		t.Error("one thread and two give different traces")
	}
}

func TestFile(t *testing.T) {
	tr, plan, _ := watch(t, job{rows: demoRows(t, 3, 24), seed: 3, canaries: true})
	path := filepath.Join(t.TempDir(), "trace")
	if err := tr.Write(path); err != nil {
		t.Fatal(err)
	}
	again, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := tr.Digest()
	b, _ := again.Digest()
	if a != b || len(a) != 64 {
		t.Errorf("digest %s after reading, %s before", b, a)
	}
	was, is := scores(t, tr, plan), scores(t, again, plan)
	for name, v := range was {
		if is[name] != v {
			t.Errorf("%s: %v after reading, %v before", name, is[name], v)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that does not exist")
	}
}

func FuzzTrace(f *testing.F) {
	tr := &Trace{
		Matrices: []Matrix{{"m", 2, 1}}, Rows: make([]Row, 2), Steps: []Step{{Visits: 1}}, Visits: make([]Visit, 1), Features: make([]Feature, 1),
		Canaries: []Canary{{"c", false, 1}}, Modules: []Module{{"m", 1}}, Checkpoints: []Checkpoint{{0, [][]float32{{1}}, [][]uint32{{1}}, [][]float32{{1}}}},
	}
	b, err := tr.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b[:len(b)-32])
	f.Add([]byte(magic + "\x02\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		tr, err := Decode(sealed(body))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %v", err)
			}
			return
		}
		scores(t, tr, &Plan{Spec: testSpec(), Rows: tr.Rows})
		if again, err := tr.Encode(); err != nil {
			t.Error(err)
		} else if _, err := Decode(again); err != nil {
			t.Error(err)
		}
	})
}

// What a trace says of a step is what happened, with a callback of someone else's before it.
func TestSeesWhatHappened(t *testing.T) {
	seen := 0
	theirs := finetune.Hooks{
		LR:     func(_ int, lr float64) float64 { return lr / 2 },
		Weight: func(_ int, _ []int, w []float32) { w[0] *= 3 },
		Order: func(_ int, order []int) []int {
			order = slices.Clone(order)
			slices.Sort(order)
			return order
		},
		Step: func(*finetune.Run, *finetune.Info) error { seen++; return nil },
		ExampleGradient: &finetune.ExampleGradient{
			Want: func(layer int, linear string) bool { return linear == "self_attn.q_proj" },
			Each: func(_, _ int, linear string, _ []float32) {
				if linear != "self_attn.q_proj" {
					t.Errorf("they get gradients of %s, which they did not ask for", linear)
				}
				seen++
			},
		},
	}
	tr, plan, _ := watch(t, job{rows: demoRows(t, 3, 24), seed: 3, hooks: theirs})
	if seen != 12+48 {
		t.Errorf("their callbacks were called %d times: want 12 steps and 48 gradients", seen)
	}
	for i, v := range tr.Visits {
		if int(v.Item) != i%24 {
			t.Fatalf("visit %d is of row %d: want %d", i, v.Item, i%24)
		}
	}
	for i, s := range tr.Steps {
		if want := plan.Spec.Rate(i, len(tr.Steps)) / 2; s.LR != want {
			t.Errorf("step %d: rate %g; want %g", i+1, s.LR, want)
		}
	}
	if v := tr.Visits[:2]; math.Abs(float64(v[0].Weight/v[1].Weight)-3) > 1e-6 {
		t.Errorf("weights %g and %g: want the first three times the second", v[0].Weight, v[1].Weight)
	}
}

func TestStopKeepsTheEvidence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace")
	tr, _, _ := watch(t, job{
		rows: demoRows(t, 3, 24), seed: 3,
		after: func(r *Recorder, h *finetune.Hooks) {
			r.StopWhen(h, path, func(t *Trace) string {
				if len(t.Steps) == 5 {
					return "five steps are enough"
				}
				return ""
			})
		},
		err: func(err error) {
			var s *Stopped
			if !errors.As(err, &s) || s.Step != 5 || s.Path != path {
				t.Errorf("%v: want a stop at step 5", err)
			}
		},
	})
	kept, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := kept.Digest()
	b, _ := tr.Digest()
	if len(kept.Steps) != 5 || kept.Stopped == "" || a != b {
		t.Errorf("%d steps kept, stopped %q: want 5 and a reason", len(kept.Steps), kept.Stopped)
	}
}

// A run under full training has no adapter: what needs one says so.
func TestFullTraining(t *testing.T) {
	tr, plan, _ := watch(t, job{rows: demoRows(t, 3, 16), seed: 3, change: func(s *finetune.Spec) { s.Method, s.Layers, s.LR = "full", "all", 1e-4 }})
	results, notRun, err := Score(tr, plan, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) < 4 || len(results)+len(notRun) != len(Catalogue()) {
		t.Errorf("%d detectors ran, %d did not: want all %d accounted for", len(results), len(notRun), len(Catalogue()))
	}
}
