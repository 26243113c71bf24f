package monitor

import (
	"context"
	"testing"

	"theriac/harness/compute/cpu"
	"theriac/harness/finetune"
)

// What watching costs, at the demo profile's training of 200 rows for an epoch: the ratio of the second and the third to the first.
func BenchmarkTraining(b *testing.B) {
	items := encode(b, demoRows(b, 3, 200))
	spec := testSpec()
	spec.Layers, spec.Epochs = "top:3", 1
	for _, c := range []struct {
		name            string
		watch, canaries bool
	}{{"plain", false, false}, {"watched", true, false}, {"with-canaries", true, true}} {
		b.Run(c.name, func(b *testing.B) {
			dev := cpu.New(1)
			defer dev.Close()
			for b.Loop() {
				var hooks finetune.Hooks
				if c.watch {
					var canaries *Canaries
					if c.canaries {
						canaries = testCanaries(b)
					}
					rec, err := NewRecorder(dev, tinyBench(b).base, spec, items, canaries)
					if err != nil {
						b.Fatal(err)
					}
					rec.Attach(&hooks)
				}
				run, err := finetune.New(dev, tinyBench(b).base, spec, items, nil, hooks)
				if err != nil {
					b.Fatal(err)
				}
				if err := run.Train(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What judging a trace costs, all detectors together: 1,000 rows, three epochs.
func BenchmarkScore(b *testing.B) {
	tr := made(1000, nil)
	for b.Loop() {
		if _, _, err := Score(tr, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}
