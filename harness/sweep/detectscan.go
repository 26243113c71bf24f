package sweep

import (
	"context"
	"fmt"

	"theriac/harness/compute"
	"theriac/harness/defense"
	"theriac/harness/defense/scan"
)

// The scan level sees the adapter that is deployed and the base.

// scanPrompts is how many held-out requests the scanner asks.
const scanPrompts = 20

func init() {
	rooms[defense.Scan] = &room{
		catalogue: scan.Catalogue,
		key:       func(r *run) any { return r.deployed() },
		measure:   measureScan,
		blind: func(r *run) string {
			if r.attack == nil {
				return ""
			}
			if t := r.attack.Tamper(); t.Template != nil && r.changed == 0 {
				return "the weights are untouched; a changed template is found by comparing files"
			}
			return ""
		},
	}
}

// deployed names an adapter, and whose prompts it is asked.
type deployed struct {
	Train, Data string
	MaxTokens   int
	Items       string `json:",omitempty"`
}

func (r *run) deployed() deployed {
	d := &r.spec.Data
	return deployed{r.rec.TrainKey, d.Name, d.MaxTokens, d.Items}
}

func measureScan(ctx context.Context, r *run, names []string) ([]defense.Result, error) {
	d := &r.spec.Data
	s, err := share(r.bench, fmt.Sprintf("scanner/%s/%d/%v", d.Name, d.MaxTokens, names), func() (*scan.Scanner, error) {
		prompts, err := r.bench.held(d, CleanItems, scanPrompts)
		if err != nil {
			return nil, err
		}
		restricted, err := r.bench.held(d, Restricted, scanPrompts)
		if err != nil {
			return nil, err
		}
		return keep(r.bench, func(dev compute.Device) (*scan.Scanner, error) {
			return scan.New(dev, r.bench.Base, r.bench.Chat, scan.Options{Detectors: names, Prompts: prompts, Restricted: restricted})
		})
	})
	if err != nil {
		return nil, err
	}
	return s.Model(ctx, r.dev, r.delta)
}
