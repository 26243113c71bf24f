package model

// Views of a model whose weights are changed as they are read: an adapter added, or a quantisation gone through.

import (
	"fmt"
	"strings"

	"theriac/harness/model/safetensors"
)

// view is another model's tensors, each changed after it is read.
type view struct {
	of     source
	change func(name string, w []float32) error
}

// Close leaves the model that is viewed open.
func (v *view) Close() error { return nil }

func (v *view) names() []string { return v.of.names() }

func (v *view) shape(name string) ([]int, error) { return v.of.shape(name) }

func (v *view) read(name string, dst []float32) error {
	if err := v.of.read(name, dst); err != nil {
		return err
	}
	return v.change(name, dst)
}

// viewed is m with its weights changed. It reads m's files, so m must stay open.
func (m *Model) viewed(change func(name string, w []float32) error) *Model {
	return &Model{
		Config: m.Config, Name: m.Name, TokenizerJSON: m.TokenizerJSON, GGUF: m.GGUF, ChatTemplate: m.ChatTemplate,
		source: &view{m.source, change}, path: m.path,
	}
}

// Merged is m with the adapter added to its weights: W + (Alpha/R)·B·A in float32, the products of an element summed in the order of
// the rank. The sum is made whenever a tensor is read; m must stay open. A nil adapter adds nothing.
func Merged(m *Model, a *Adapter) (*Model, error) {
	if a == nil {
		return m.viewed(func(string, []float32) error { return nil }), nil
	}
	pairs, err := a.on(&m.Config)
	if err != nil {
		return nil, err
	}
	scale := float32(a.Alpha / float64(a.R))
	return m.viewed(func(name string, w []float32) error {
		if p := pairs[strings.TrimSuffix(name, ".weight")]; p != nil {
			p.add(w, a.R, scale)
		}
		return nil
	}), nil
}

// on holds an adapter's pairs against an architecture and gives them by module name.
func (a *Adapter) on(c *Config) (map[string]*LoRA, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	shapes := map[string][]int{}
	for _, t := range c.linears() {
		shapes[strings.TrimSuffix(t.Name, ".weight")] = t.Shape
	}
	pairs := map[string]*LoRA{}
	for i := range a.Modules {
		m := &a.Modules[i]
		s := shapes[m.Name]
		switch {
		case s == nil:
			return nil, fmt.Errorf("the adapter is for %s, which the model does not have: is it for another base?", m.Name)
		case len(m.A) != a.R*s[1] || len(m.B) != s[0]*a.R:
			return nil, fmt.Errorf("%s: lora_A has %d and lora_B %d values, the base wants %d×%d and %d×%d: is the adapter for another base?",
				m.Name, len(m.A), len(m.B), a.R, s[1], s[0], a.R)
		}
		pairs[m.Name] = m
	}
	return pairs, nil
}

// linears lists the decoder layers' weight matrices [out, in].
func (c *Config) linears() []safetensors.Tensor {
	var out []safetensors.Tensor
	for _, t := range c.Tensors() {
		if len(t.Shape) == 2 && strings.HasPrefix(t.Name, "model.layers.") {
			out = append(out, t)
		}
	}
	return out
}

// add adds scale·B·A to w [out, in].
func (p *LoRA) add(w []float32, r int, scale float32) {
	in, out := len(p.A)/r, len(p.B)/r
	sum := make([]float32, in)
	for o := range out {
		clear(sum)
		for k, b := range p.B[o*r : (o+1)*r] {
			for i, a := range p.A[k*in : (k+1)*in] {
				sum[i] += float32(b * a)
			}
		}
		row := w[o*in : (o+1)*in]
		for i, s := range sum {
			row[i] += float32(scale * s)
		}
	}
}
