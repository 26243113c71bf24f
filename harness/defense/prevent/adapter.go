package prevent

// After training: edits of the adapter. They are also the ablations that say what of an update carries an attack.

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"theriac/harness/model"
	"theriac/harness/rng"
)

var scale = Entry{
	Name: "scale", Version: 1, Doc: "the adapter counts for more or less",
	Params: []Param{{"factor", "0.5", "what its update is multiplied by"}},
	build: func(p *params) *Prevention {
		f := p.float("factor", -10, 10)
		return &Prevention{Adapter: func(a *model.Adapter, _ uint64) error {
			for i := range a.Modules {
				b := a.Modules[i].B
				for j := range b {
					b[j] = float32(float64(b[j]) * f)
				}
			}
			return nil
		}}
	},
}

var truncate = Entry{
	Name: "truncate", Version: 1, Doc: "singular directions of each module's update are left out, or a layer's whole update",
	Params: []Param{{"drop", "last", "which: last (the smallest), first (the largest), random"}, {"count", "4", "directions that are left out; of a layer, all are"},
		{"layer", "", "only this layer's modules, and all of their update; empty: all layers"}},
	build: func(p *params) *Prevention {
		drop, count, layer := p.one("drop", "last", "first", "random"), p.int("count", 0, 1024), p.values["layer"]
		return &Prevention{Adapter: func(a *model.Adapter, seed uint64) error {
			hit := false
			for i := range a.Modules {
				m := &a.Modules[i]
				if layer != "" {
					if strings.Contains(m.Name, ".layers."+layer+".") {
						hit = true
						clear(m.B)
					}
					continue
				}
				r := m.R
				if r == 0 {
					r = a.R
				}
				hit = true
				if err := cut(m, r, drop, count, rng.Stream(seed, "prevent", "truncate", m.Name)); err != nil {
					return err
				}
			}
			if !hit {
				return fmt.Errorf("prevention truncate: the adapter has no module in layer %s", layer)
			}
			return nil
		}}
	},
}

// cut leaves out count singular directions of B·A, B [out, r], A [r, in], and keeps the shapes.
func cut(m *model.LoRA, r int, drop string, count int, stream *rng.Rand) error {
	out, in := len(m.B)/r, len(m.A)/r
	b, a := dense(m.B, out, r), dense(m.A, r, in)
	var product mat.Dense
	product.Mul(b, a)
	var svd mat.SVD
	if !svd.Factorize(&product, mat.SVDThin) {
		return fmt.Errorf("prevention truncate: %s: no singular values", m.Name)
	}
	values := svd.Values(nil)
	var u, v mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	r = min(r, len(values))
	gone := make([]bool, r)
	for k := range min(count, r) {
		switch drop {
		case "first":
			gone[k] = true
		case "last":
			gone[r-1-k] = true
		}
	}
	if drop == "random" {
		for _, k := range stream.Perm(r)[:min(count, r)] {
			gone[k] = true
		}
	}
	clear(m.A)
	clear(m.B)
	width := len(m.B) / out
	for k := range r {
		if gone[k] {
			continue
		}
		for i := range out {
			m.B[i*width+k] = float32(u.At(i, k) * values[k])
		}
		for j := range in {
			m.A[k*in+j] = float32(v.At(j, k))
		}
	}
	return nil
}

func dense(v []float32, rows, cols int) *mat.Dense {
	data := make([]float64, len(v))
	for i, x := range v {
		data[i] = float64(x)
	}
	return mat.NewDense(rows, cols, data)
}

// Average gives the adapter whose update is the mean of those of adapters of one shape: their pairs side by side.
func Average(adapters []*model.Adapter) (*model.Adapter, error) {
	if len(adapters) == 0 {
		return nil, fmt.Errorf("average: no adapters")
	}
	first := adapters[0]
	n := len(adapters)
	out := *first
	out.R, out.Alpha = first.R*n, first.Alpha*float64(n) // the scale Alpha/R stays
	out.Modules = slices.Clone(first.Modules)
	for i := range out.Modules {
		m := &out.Modules[i]
		r := first.R
		if m.R != 0 {
			return nil, fmt.Errorf("average: module %s has a rank of its own", m.Name)
		}
		rows := len(m.B) / r
		a, b := make([]float32, 0, n*len(m.A)), make([]float32, n*len(m.B))
		for k, ad := range adapters {
			if ad.R != r || ad.Alpha != first.Alpha || len(ad.Modules) != len(out.Modules) || ad.Modules[i].Name != m.Name || len(ad.Modules[i].B) != rows*r {
				return nil, fmt.Errorf("average: adapter %d differs in shape from the first", k+1)
			}
			a = append(a, ad.Modules[i].A...)
			for row := range rows {
				for c := range r {
					b[row*n*r+k*r+c] = ad.Modules[i].B[row*r+c] / float32(n)
				}
			}
		}
		m.A, m.B = a, b
	}
	return &out, nil
}
