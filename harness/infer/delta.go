package infer

import (
	"fmt"
	"slices"
	"strings"

	"theriac/harness/compute"
	"theriac/harness/compute/block"
	"theriac/harness/model"
)

// Delta is what a run puts on top of a base: per half-block a parameter vector
// (LoRA pairs, or the full weights in place of the frozen ones).
type Delta struct {
	Train  block.Train
	Halves []Half            // [2*layers]: attention and MLP in turn; P is nil where frozen
	Head   *block.HeadParams // full training only
	Embed  []float32         // full training only, [Vocab, Hidden]
	Final  block.Layout      // of the head's own vector: final norm, and lm_head where untied

	dev compute.Device
}

// Half is one half-block's parameters.
type Half struct {
	Layout block.Layout
	P      *block.Params
}

// First is the lowest layer that carries parameters; the number of layers where none does.
func (d *Delta) First() int {
	if d == nil {
		return 1 << 30
	}
	if d.Train.Full {
		return 0
	}
	for i, h := range d.Halves {
		if h.P != nil {
			return i / 2
		}
	}
	return len(d.Halves) / 2
}

// NewDelta allocates parameters for the given layers: zeros for LoRA, the base's
// weights for full training (all layers).
func NewDelta(dev compute.Device, b *Base, t block.Train, layers []int) (*Delta, error) {
	if t.Full {
		return newFull(dev, b, t)
	}
	if err := checkTargets(b, t.Targets); err != nil {
		return nil, err
	}
	d := &Delta{Train: t, Halves: make([]Half, 2*len(b.Layers)), dev: dev}
	for _, i := range layers {
		if i < 0 || i >= len(b.Layers) {
			return nil, fmt.Errorf("layer %d: the model has layers 0..%d", i, len(b.Layers)-1)
		}
		l := b.Layers[i]
		d.set(2*i, l.LayoutAttn(t), func(th []float32) *block.Params { return l.BindAttn(th, t) }, dev)
		d.set(2*i+1, l.LayoutMLP(t), func(th []float32) *block.Params { return l.BindMLP(th, t) }, dev)
	}
	return d, nil
}

func (d *Delta) set(at int, lay block.Layout, bind func([]float32) *block.Params, dev compute.Device) {
	d.Halves[at].Layout = lay
	if lay.Size > 0 {
		d.Halves[at].P = bind(dev.Alloc(lay.Size))
	}
}

// LinearNames are the names that LoRA may target.
var LinearNames = []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}

func checkTargets(b *Base, targets []string) error {
	if len(targets) == 0 {
		return fmt.Errorf("no target module: want some of %s", strings.Join(LinearNames, ", "))
	}
	for _, t := range targets {
		if !slices.Contains(LinearNames, t) {
			return fmt.Errorf("target module %q does not exist: want some of %s", t, strings.Join(LinearNames, ", "))
		}
	}
	return nil
}

func newFull(dev compute.Device, b *Base, t block.Train) (*Delta, error) {
	c := b.Config
	d := &Delta{Train: t, Halves: make([]Half, 2*len(b.Layers)), Embed: dev.Alloc(len(b.Embed)), dev: dev}
	dev.Copy(compute.Of(d.Embed, c.Vocab, c.Hidden), compute.Of(b.Embed, c.Vocab, c.Hidden))
	for i, l := range b.Layers {
		d.set(2*i, l.LayoutAttn(t), func(th []float32) *block.Params { return l.BindAttn(th, t) }, dev)
		d.set(2*i+1, l.LayoutMLP(t), func(th []float32) *block.Params { return l.BindMLP(th, t) }, dev)
		for _, h := range d.Halves[2*i : 2*i+2] {
			for _, s := range h.Layout.Slots {
				if err := b.Model.Tensor(layerName(i, s.Name), h.P.Theta[s.Offset:s.Offset+s.Rows*s.Cols]); err != nil {
					return nil, err
				}
			}
			dev.Push(h.P.Theta)
		}
	}
	d.Final.Slots = []block.Slot{{Name: "model.norm.weight", Rows: 1, Cols: c.Hidden}}
	d.Final.Size = c.Hidden
	if !c.Tied {
		d.Final.Slots = append(d.Final.Slots, block.Slot{Name: "lm_head.weight", Offset: c.Hidden, Rows: c.Vocab, Cols: c.Hidden})
		d.Final.Size += c.Vocab * c.Hidden
	}
	theta := dev.Alloc(d.Final.Size)
	for _, s := range d.Final.Slots {
		if err := b.Model.Tensor(s.Name, theta[s.Offset:s.Offset+s.Rows*s.Cols]); err != nil {
			return nil, err
		}
	}
	dev.Push(theta)
	d.Head = BindHead(theta, d.Embed, c)
	return d, nil
}

// BindHead sees theta (final norm, then lm_head where untied) as head parameters;
// embed stands in for lm_head where tied.
func BindHead(theta, embed []float32, c model.Config) *block.HeadParams {
	p := &block.HeadParams{Norm: theta[:c.Hidden]}
	if c.Tied {
		p.W = compute.Of(embed, c.Vocab, c.Hidden)
	} else {
		p.W = compute.Of(theta[c.Hidden:], c.Vocab, c.Hidden)
	}
	return p
}

// HeadTheta is the head's own parameter vector (without a tied embedding).
func (d *Delta) HeadTheta(c model.Config) []float32 {
	if c.Tied {
		return d.Head.Norm
	}
	return d.Head.Norm[:d.Final.Size]
}

// FromAdapter puts a LoRA adapter on the base.
func FromAdapter(dev compute.Device, b *Base, a *model.Adapter) (*Delta, error) {
	if len(a.Modules) == 0 {
		return nil, fmt.Errorf("the adapter has no modules")
	}
	t := block.Train{Rank: a.R, Scale: float32(a.Alpha / float64(a.R))}
	byName := map[string]*model.LoRA{}
	var layers []int
	for i := range a.Modules {
		m := &a.Modules[i]
		layer, part, err := splitName(m.Name)
		if err != nil {
			return nil, err
		}
		byName[m.Name] = m
		if !slices.Contains(layers, layer) {
			layers = append(layers, layer)
		}
		if short := part[strings.LastIndexByte(part, '.')+1:]; !slices.Contains(t.Targets, short) {
			t.Targets = append(t.Targets, short)
		}
	}
	d, err := NewDelta(dev, b, t, layers)
	if err != nil {
		return nil, err
	}
	used := 0
	err = d.each(func(module string, a, bb *block.Slot, theta []float32) error {
		m := byName[module]
		if m == nil {
			return nil // zeros: adds nothing
		}
		used++
		if len(m.A) != a.Rows*a.Cols || len(m.B) != bb.Rows*bb.Cols {
			return fmt.Errorf("%s: lora_A has %d and lora_B %d values, the base wants %d×%d and %d×%d: is the adapter for another base?",
				module, len(m.A), len(m.B), a.Rows, a.Cols, bb.Rows, bb.Cols)
		}
		copy(theta[a.Offset:], m.A)
		copy(theta[bb.Offset:], m.B)
		dev.Push(theta)
		return nil
	})
	if err == nil && used != len(a.Modules) {
		err = fmt.Errorf("the adapter has %d modules, the base takes %d of them: is it for another base?", len(a.Modules), used)
	}
	return d, err
}

func splitName(name string) (layer int, part string, err error) {
	rest, ok := strings.CutPrefix(name, "model.layers.")
	num, part, ok2 := strings.Cut(rest, ".")
	if _, e := fmt.Sscanf(num, "%d", &layer); !ok || !ok2 || e != nil {
		return 0, "", fmt.Errorf("module %q: want model.layers.N.self_attn.q_proj or alike", name)
	}
	return layer, part, nil
}

// each visits every LoRA pair in order.
func (d *Delta) each(do func(module string, a, b *block.Slot, theta []float32) error) error {
	for i, h := range d.Halves {
		for j := range h.Layout.Slots {
			sa := &h.Layout.Slots[j]
			part, ok := strings.CutSuffix(sa.Name, ".lora_A")
			if !ok {
				continue
			}
			for k := range h.Layout.Slots {
				if sb := &h.Layout.Slots[k]; sb.Name == part+".lora_B" {
					if err := do(layerName(i/2, part), sa, sb, h.P.Theta); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}

// Adapter copies the LoRA pairs out.
func (d *Delta) Adapter() *model.Adapter {
	a := &model.Adapter{R: d.Train.Rank, Alpha: float64(d.Train.Scale) * float64(d.Train.Rank), Dropout: float64(d.Train.Dropout), Targets: slices.Clone(d.Train.Targets)}
	d.Pull()
	_ = d.each(func(module string, sa, sb *block.Slot, theta []float32) error {
		a.Modules = append(a.Modules, model.LoRA{
			Name: module,
			A:    slices.Clone(theta[sa.Offset : sa.Offset+sa.Rows*sa.Cols]),
			B:    slices.Clone(theta[sb.Offset : sb.Offset+sb.Rows*sb.Cols]),
		})
		layer, _, _ := splitName(module)
		if n := len(a.Layers); n == 0 || a.Layers[n-1] != layer {
			a.Layers = append(a.Layers, layer)
		}
		return nil
	})
	return a
}

// Pull makes the values as they are on the device visible to the host.
func (d *Delta) Pull() { d.transfer(d.dev.Pull) }

// Push makes values that the host wrote known to the device.
func (d *Delta) Push() { d.transfer(d.dev.Push) }

func (d *Delta) transfer(do func([]float32)) {
	for _, h := range d.Halves {
		if h.P != nil {
			do(h.P.Theta)
		}
	}
	if d.Train.Full {
		do(d.Embed)
		do(d.Head.Norm[:d.Final.Size])
	}
}

// EachA visits every LoRA A matrix in order, as the host sees it.
func (d *Delta) EachA(do func(module string, s *block.Slot, values []float32)) {
	_ = d.each(func(module string, a, _ *block.Slot, theta []float32) error {
		do(module, a, theta[a.Offset:a.Offset+a.Rows*a.Cols])
		return nil
	})
}
