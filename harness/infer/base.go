package infer

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"

	"theriac/harness/compute"
	"theriac/harness/compute/block"
	"theriac/harness/model"
)

// Base is a model's frozen weights on a device. It is immutable but for
// PackBackward, and shared by all runs and goroutines.
type Base struct {
	Config model.Config
	Model  *model.Model
	Layers []*block.Layer
	Head   *block.Head
	Embed  []float32 // [Vocab, Hidden]
	Rope   block.Rope
	MaxSeq int // positions in the RoPE table: the longest sequence

	mu       sync.Mutex
	backFrom int // layers from this one on have Back packed
}

// Load packs the weights of m for dev. maxSeq limits sequence length (0: the
// model's own limit, at most 4,096).
func Load(dev compute.Device, m *model.Model, maxSeq int) (*Base, error) {
	c := m.Config
	if maxSeq == 0 {
		maxSeq = min(c.MaxPos, 4096)
	}
	if maxSeq > c.MaxPos {
		return nil, fmt.Errorf("sequence length %d: the model's context is %d", maxSeq, c.MaxPos)
	}
	b := &Base{Config: c, Model: m, MaxSeq: maxSeq, Layers: make([]*block.Layer, c.Layers), backFrom: c.Layers + 1}
	cos, sin := compute.RopeTable(maxSeq, c.HeadDim, m.Config.InvFreq())
	jobs := []func() error{func() (err error) {
		b.Embed, err = b.read(dev, "model.embed_tokens.weight", c.Vocab, c.Hidden)
		return err
	}, func() error { return b.loadHead(dev) }, func() error {
		b.Rope = block.Rope{Cos: onDevice(dev, cos), Sin: onDevice(dev, sin)}
		return nil
	}}
	for i := range b.Layers {
		jobs = append(jobs, func() (err error) {
			b.Layers[i], err = b.loadLayer(dev, i)
			return err
		})
	}
	if err := parallel(jobs); err != nil {
		return nil, err
	}
	m.Forget() // everything is packed
	return b, nil
}

// parallel runs jobs on all cores and joins their errors in order.
func parallel(jobs []func() error) error {
	errs := make([]error, len(jobs))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		wg.Go(func() {
			for i := range next {
				errs[i] = compute.Guard(jobs[i])
			}
		})
	}
	for i := range jobs {
		next <- i
	}
	close(next)
	wg.Wait()
	return errors.Join(errs...)
}

func (b *Base) read(dev compute.Device, name string, rows, cols int) ([]float32, error) {
	buf := dev.Alloc(rows * cols)
	if err := b.Model.Tensor(name, buf); err != nil {
		return nil, err
	}
	dev.Push(buf)
	return buf, nil
}

// onDevice copies values into memory of the device.
func onDevice(dev compute.Device, values []float32) []float32 {
	x := dev.Alloc(len(values))
	copy(x, values)
	dev.Push(x)
	return x
}

func (b *Base) loadHead(dev compute.Device) error {
	c := b.Config
	norm, err := b.read(dev, "model.norm.weight", 1, c.Hidden)
	if err != nil {
		return err
	}
	w, err := b.pack(dev, b.headName(), c.Vocab, c.Hidden, compute.ByRows)
	if err != nil {
		return err
	}
	b.Head = &block.Head{D: c.Hidden, V: c.Vocab, RMSEps: c.Eps, Norm: norm, W: w}
	return nil
}

func (b *Base) headName() string {
	if b.Config.Tied {
		return "model.embed_tokens.weight"
	}
	return "lm_head.weight"
}

func (b *Base) pack(dev compute.Device, name string, rows, cols int, use compute.Use) (compute.Matrix, error) {
	buf := make([]float32, rows*cols)
	if err := b.Model.Tensor(name, buf); err != nil {
		return nil, err
	}
	return dev.Pack(buf, rows, cols, use), nil
}

func layerName(i int, part string) string { return LayerPrefix(i) + part }

// LayerPrefix is the Hugging Face prefix of a decoder layer's names.
func LayerPrefix(i int) string { return fmt.Sprintf("model.layers.%d.", i) }

func (b *Base) loadLayer(dev compute.Device, i int) (*block.Layer, error) {
	c := b.Config
	l := &block.Layer{Shape: b.Shape()}
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	l.QKV = block.Fan{Layer: i, In: c.Hidden, Lin: []block.Linear{{Name: "self_attn.q_proj", Out: q}, {Name: "self_attn.k_proj", Out: kv}, {Name: "self_attn.v_proj", Out: kv}}}
	l.O = block.Fan{Layer: i, In: q, Lin: []block.Linear{{Name: "self_attn.o_proj", Out: c.Hidden}}}
	l.GateUp = block.Fan{Layer: i, In: c.Hidden, Lin: []block.Linear{{Name: "mlp.gate_proj", Out: c.FFN}, {Name: "mlp.up_proj", Out: c.FFN}}}
	l.Down = block.Fan{Layer: i, In: c.FFN, Lin: []block.Linear{{Name: "mlp.down_proj", Out: c.Hidden}}}
	vectors := []struct {
		dst  *[]float32
		name string
		n    int
		want bool
	}{
		{&l.AttnNorm, "input_layernorm.weight", c.Hidden, true},
		{&l.MLPNorm, "post_attention_layernorm.weight", c.Hidden, true},
		{&l.QNorm, "self_attn.q_norm.weight", c.HeadDim, c.QKNorm},
		{&l.KNorm, "self_attn.k_norm.weight", c.HeadDim, c.QKNorm},
		{&l.QKV.Lin[0].Bias, "self_attn.q_proj.bias", q, c.AttnBias},
		{&l.QKV.Lin[1].Bias, "self_attn.k_proj.bias", kv, c.AttnBias},
		{&l.QKV.Lin[2].Bias, "self_attn.v_proj.bias", kv, c.AttnBias},
	}
	for _, v := range vectors {
		if !v.want {
			continue
		}
		var err error
		if *v.dst, err = b.read(dev, layerName(i, v.name), 1, v.n); err != nil {
			return nil, err
		}
	}
	return l, eachLinear(l, func(f *block.Fan, lin *block.Linear) (err error) {
		lin.W, err = b.pack(dev, layerName(i, lin.Name+".weight"), lin.Out, f.In, compute.ByRows)
		return err
	})
}

func eachLinear(l *block.Layer, do func(*block.Fan, *block.Linear) error) error {
	for _, f := range []*block.Fan{&l.QKV, &l.O, &l.GateUp, &l.Down} {
		for i := range f.Lin {
			if err := do(f, &f.Lin[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Shape is the decoder layers' shape.
func (b *Base) Shape() block.Shape {
	c := b.Config
	return block.Shape{
		D: c.Hidden, FFN: c.FFN, RMSEps: c.Eps, QKNorm: c.QKNorm, QKVBias: c.AttnBias,
		Heads: compute.Heads{Q: c.Heads, KV: c.KVHeads, Dim: c.HeadDim, Scale: float32(1 / math.Sqrt(float64(c.HeadDim))), Window: c.Window},
	}
}

// PackBackward makes the weights of the head and of the layers from the given one
// on ready for a backward pass. It does nothing where that is done already.
func (b *Base) PackBackward(dev compute.Device, from int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.Config
	var jobs []func() error
	if b.Head.Back == nil {
		jobs = append(jobs, func() (err error) {
			if b.Head.W.Uses()&compute.ByCols != 0 {
				b.Head.Back = b.Head.W
				return nil
			}
			b.Head.Back, err = b.pack(dev, b.headName(), c.Vocab, c.Hidden, compute.ByCols)
			return err
		})
	}
	for i := from; i < min(b.backFrom, c.Layers); i++ {
		jobs = append(jobs, func() error {
			return eachLinear(b.Layers[i], func(f *block.Fan, lin *block.Linear) (err error) {
				if lin.W.Uses()&compute.ByCols != 0 {
					lin.Back = lin.W
					return nil
				}
				lin.Back, err = b.pack(dev, layerName(i, lin.Name+".weight"), lin.Out, f.In, compute.ByCols)
				return err
			})
		})
	}
	if err := parallel(jobs); err != nil {
		return err
	}
	b.backFrom = min(b.backFrom, from)
	b.Model.Forget()
	return nil
}
