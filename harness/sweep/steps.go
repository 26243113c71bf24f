package sweep

import (
	"encoding/json"
	"fmt"
	"os"

	"theriac/harness/finetune"
	"theriac/harness/store"
)

// curve is what a run keeps of its training: every step, and by tenth of the steps the mean loss of the rows that an attack made.
// It lies beside a cached adapter, so that a run that finds it has its loss curve too.
type curve struct {
	Steps  []store.Step
	Tenths [10]own
}

// own is the poisoned rows' own loss in a tenth of the steps.
type own struct {
	Sum float64 // of the rows' mean nats a response token
	N   int
}

func (c *curve) write(path string) error {
	data, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o666)
}

func readCurve(path string) (c curve, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(data, &c)
}

// add takes in an optimiser step; first is how many steps other parts of the training made before, bad says which items an attack made.
func (c *curve) add(first int, i *finetune.Info, bad []bool) {
	c.Steps = append(c.Steps, store.Step{Step: int32(first + i.Step), Loss: float32(i.Loss), GradNorm: float32(i.GradNorm), LR: float32(i.LR), Tokens: int32(i.Tokens)})
	t := &c.Tenths[(i.Step-1)*len(c.Tenths)/i.Steps]
	for j, item := range i.Items {
		if bad[item] {
			t.Sum += i.ItemLoss[j]
			t.N++
		}
	}
}

// record puts the curve into a run's record; tenths count from 1.
func (c *curve) record(r *run) {
	r.rec.Steps = c.Steps
	for i, o := range c.Tenths {
		if o.N > 0 {
			r.value(fmt.Sprintf("poisoned_loss/%d", i+1), o.Sum/float64(o.N), o.N)
		}
	}
}
