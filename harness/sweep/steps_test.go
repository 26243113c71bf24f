package sweep

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"theriac/harness/store"
)

// The poisoned rows' own loss: each row once an epoch, falling, also from a cached adapter; a clean run has none.
func TestPoisonedLoss(t *testing.T) {
	b := openTiny(t, 1, t.TempDir())
	dev, err := b.Machine.New()
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	do := func(s Spec) (own []store.Metric) {
		s.Train.Epochs, s.Train.LR = 4, 5e-3
		rec, _, err := b.do(context.Background(), dev, &s, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range rec.Metrics {
			if strings.HasPrefix(m.Name, "poisoned_loss/") {
				own = append(own, m)
			}
		}
		return own
	}
	poisoned := small("backdoor", 0, &Attack{Name: "backdoor", Params: map[string]string{"rate": "0.25"}})
	own := do(poisoned)
	n := int64(0)
	for i, m := range own {
		if m.Name != fmt.Sprintf("poisoned_loss/%d", i+1) {
			t.Errorf("metric %d is %s", i, m.Name)
		}
		n += m.N
	}
	if n != 4*16 || len(own) != 10 || own[9].Value > own[0].Value/2 {
		t.Errorf("%v; want 16 rows four times in ten tenths, and a loss that falls", own)
	}
	if again := do(poisoned); !reflect.DeepEqual(again, own) {
		t.Errorf("from the cache %v; want %v", again, own)
	}
	if clean := do(small("clean", 0, nil)); clean != nil {
		t.Errorf("a clean run has %v", clean)
	}
}

// What a thin sweep leaves out is a run's steps and rows, and nothing else.
func TestThin(t *testing.T) {
	b, specs := openTiny(t, 1, ""), short8()[:4]
	all := records(t, b, specs)
	thin := recordsWith(t, b, specs, Options{Thin: func(s *Spec) bool { return s.Seed != 0 }})
	for i, whole := range all {
		if len(whole.Steps) == 0 || len(whole.Examples) == 0 {
			t.Fatal("a whole run has no steps or rows")
		}
		if specs[i].Seed != 0 {
			whole.Steps, whole.Examples = nil, nil
		}
		if d, err := store.Diff(whole, thin[i], 1); err != nil || len(d) > 0 {
			t.Errorf("%s: %v %v", specs[i].String(), d, err)
		}
	}
}
