package attack

// An adapter edited or swapped between training and use: the training was honest, what is deployed is something else. The digests of
// package sign would tell. With noise, the default, what is deployed is the base in all but name.

import (
	"fmt"
	"slices"
	"strings"

	"theriac/harness/model"
	"theriac/harness/rng"
)

var adapterSwap = Entry{
	Name: "adapterswap", Family: Process, Version: 1,
	Doc:  "the adapter is edited (by default, B becomes noise of the same norm) or swapped between training and use",
	Cost: Cost{Access: "adapter file", Knowledge: "none"},
	Params: []Param{
		{"do", "noise", "noise (chosen B become noise of the same norm), scale (chosen B times the factor), swap (the attacker's own adapter, which the caller hands over)"},
		{"factor", "-1", "for scale"},
		{"modules", "", "a part of the modules' names, such as mlp.down_proj or layers.5.; empty: all"},
	},
	build: buildAdapterSwap,
}

func buildAdapterSwap(p *params) (*plan, error) {
	do, factor, part := p.one("do", "noise", "scale", "swap"), p.float("factor", -1e6, 1e6), p.values["modules"]
	if do != "scale" {
		p.unused("do", "factor")
	}
	if do == "swap" {
		p.unused("do", "modules")
	}
	own := p.opt.Adapter
	if do == "swap" && own == nil {
		return nil, fmt.Errorf("do swap: no adapter was handed over; the caller reads it")
	}
	pl := &plan{probe: Probe{Success: Worse}}
	pl.tamper.Adapter = func(a *model.Adapter) error {
		if do == "swap" {
			*a = *own
			a.Modules = slices.Clone(own.Modules)
			return nil
		}
		hit := false
		for i := range a.Modules {
			m := &a.Modules[i]
			if !strings.Contains(m.Name, part) {
				continue
			}
			hit = true
			if do == "scale" {
				for j := range m.B {
					m.B[j] = float32(float64(m.B[j]) * factor)
				}
				continue
			}
			replaceByNoise(m.B, rng.Stream(p.seed, "attack", "adapterswap", m.Name))
		}
		if !hit {
			return fmt.Errorf("attack adapterswap: no module of the adapter has %q in its name", part)
		}
		return nil
	}
	return pl, nil
}

// replaceByNoise keeps v's norm and nothing else.
func replaceByNoise(v []float32, r *rng.Rand) {
	size := norm32(v)
	noise := make([]float64, len(v))
	for i := range noise {
		noise[i] = r.Normal()
	}
	if n := norm64(noise); n > 0 {
		for i := range v {
			v[i] = float32(float64(noise[i] * (size / n)))
		}
	}
}
