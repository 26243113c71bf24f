package sweep

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"theriac/harness/finetune"
	"theriac/harness/store"
)

// The poisoned rows' own loss: each row once an epoch, falling, also from a cached adapter; a clean run has none.
func TestPoisonedLoss(t *testing.T) {
	b := openTiny(t, 1, t.TempDir())
	dev, err := b.Machine.Worker()
	if err != nil {
		t.Fatal(err)
	}
	defer dev.Close()
	do := func(s Spec) (own []store.Metric) {
		s.Train.Epochs, s.Train.LR = 4, 5e-3
		rec, _, err := b.do(context.Background(), dev, &s, func(*finetune.Info) {})
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
