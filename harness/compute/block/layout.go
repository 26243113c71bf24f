package block

import "theriac/harness/compute"

// Train says what is trained.
type Train struct {
	Full    bool // all weights; otherwise LoRA
	Rank    int
	Scale   float32 // alpha / rank
	Dropout float32 // on LoRA's input, in training only
	// Targets are the last name parts of the adapted modules: "q_proj", ...
	Targets []string
}

// Slot is one named matrix inside a half-block's parameter vector. For a
// vector Rows is 1.
type Slot struct {
	Name       string // "self_attn.q_proj.lora_A", "self_attn.q_proj.weight", "input_layernorm.weight"
	Offset     int
	Rows, Cols int
}

// Layout lists the slots of one half-block's parameter vector θ, in order. For
// LoRA: per fan, the A matrices [rank, in] one after another (so that one
// product serves the fan), then the B matrices [out, rank]. For full
// training: the norms, then per fan the weights [out, in] and biases [out].
type Layout struct {
	Slots []Slot
	Size  int
}

func (l *Layout) add(name string, rows, cols int) {
	l.Slots = append(l.Slots, Slot{name, l.Size, rows, cols})
	l.Size += rows * cols
}

// Params is a parameter vector (or its gradient) seen through its layout.
type Params struct {
	Theta []float32
	train Train
	norm  []float32 // full: [D]
	qn    []float32
	kn    []float32
	fans  [2]fanParams
}

// fanParams is one fan's part of Params. Linears without a parameter have an
// empty view.
type fanParams struct {
	a     compute.View   // LoRA: [targets*rank, in]
	at    []int          // row of a where linear i begins; -1: not adapted
	b     []compute.View // LoRA: [out, rank]
	w     []compute.View // full: [out, in]
	bias  [][]float32    // full
	ranks int            // rows of a
}

// LayoutAttn and LayoutMLP are the parameter layouts of the two half-blocks.
func (l *Layer) LayoutAttn(t Train) Layout {
	var out Layout
	if t.Full {
		out.add("input_layernorm.weight", 1, l.D)
		if l.QKNorm {
			out.add("self_attn.q_norm.weight", 1, l.Heads.Dim)
			out.add("self_attn.k_norm.weight", 1, l.Heads.Dim)
		}
	}
	l.QKV.layout(&out, t)
	l.O.layout(&out, t)
	return out
}

// LayoutMLP is the layout of the MLP half.
func (l *Layer) LayoutMLP(t Train) Layout {
	var out Layout
	if t.Full {
		out.add("post_attention_layernorm.weight", 1, l.D)
	}
	l.GateUp.layout(&out, t)
	l.Down.layout(&out, t)
	return out
}

func (f *Fan) layout(out *Layout, t Train) {
	if t.Full {
		for _, lin := range f.Lin {
			out.add(lin.Name+".weight", lin.Out, f.In)
			if lin.Bias != nil {
				out.add(lin.Name+".bias", 1, lin.Out)
			}
		}
		return
	}
	for _, lin := range f.Lin {
		if t.targets(lin.Name) {
			out.add(lin.Name+".lora_A", t.Rank, f.In)
		}
	}
	for _, lin := range f.Lin {
		if t.targets(lin.Name) {
			out.add(lin.Name+".lora_B", lin.Out, t.Rank)
		}
	}
}

func (t Train) targets(name string) bool {
	for _, s := range t.Targets {
		if len(name) > len(s) && name[len(name)-len(s)-1] == '.' && name[len(name)-len(s):] == s {
			return true
		}
	}
	return false
}

// BindAttn sees theta (laid out by LayoutAttn) as the attention half's parameters.
func (l *Layer) BindAttn(theta []float32, t Train) *Params {
	p := &Params{Theta: theta, train: t}
	rest := theta
	if t.Full {
		p.norm, rest = rest[:l.D], rest[l.D:]
		if l.QKNorm {
			p.qn, p.kn, rest = rest[:l.Heads.Dim], rest[l.Heads.Dim:2*l.Heads.Dim], rest[2*l.Heads.Dim:]
		}
	}
	rest = l.QKV.bind(&p.fans[0], rest, t)
	l.O.bind(&p.fans[1], rest, t)
	return p
}

// BindMLP sees theta (laid out by LayoutMLP) as the MLP half's parameters.
func (l *Layer) BindMLP(theta []float32, t Train) *Params {
	p := &Params{Theta: theta, train: t}
	rest := theta
	if t.Full {
		p.norm, rest = rest[:l.D], rest[l.D:]
	}
	rest = l.GateUp.bind(&p.fans[0], rest, t)
	l.Down.bind(&p.fans[1], rest, t)
	return p
}

func (f *Fan) bind(p *fanParams, rest []float32, t Train) []float32 {
	take := func(rows, cols int) (v compute.View) {
		v, rest = compute.Of(rest, rows, cols), rest[rows*cols:]
		return v
	}
	n := len(f.Lin)
	if t.Full {
		p.w, p.bias = make([]compute.View, n), make([][]float32, n)
		for i, lin := range f.Lin {
			p.w[i] = take(lin.Out, f.In)
			if lin.Bias != nil {
				p.bias[i] = take(1, lin.Out).Data
			}
		}
		return rest
	}
	p.at, p.b = make([]int, n), make([]compute.View, n)
	for i, lin := range f.Lin {
		p.at[i] = -1
		if t.targets(lin.Name) {
			p.at[i] = p.ranks
			p.ranks += t.Rank
		}
	}
	p.a = take(p.ranks, f.In)
	for i, lin := range f.Lin {
		if p.at[i] >= 0 {
			p.b[i] = take(lin.Out, t.Rank)
		}
	}
	return rest
}
