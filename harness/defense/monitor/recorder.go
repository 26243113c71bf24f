package monitor

// The recorder sits behind every other callback, as a trainer's own bookkeeping does: what it writes down is the order, weights,
// rate and gradient that were used, whoever set them.

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"theriac/harness/compute"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
)

// Recorder makes the Trace of one run. It serves one run and one goroutine.
type Recorder struct {
	trace   Trace
	watch   []watched
	canary  *canaries
	weights []float32 // of the step at work
}

// watched is one matrix with the step's gradients.
type watched struct {
	layer   int
	linear  string    // "self_attn.o_proj"
	vector  string    // the parameter vector it lies in
	seen    []float32 // that vector's gradient as the optimiser gets it
	each    []float32 // [visits][out*rank], the examples' own
	visits  int
	project *projection
}

// watchable are the linear layers of which the first that is adapted is watched: those that write to the residual stream, then others.
var watchable = []struct {
	linear, half string
	out          func(c model.Config) int
}{
	{"mlp.down_proj", "mlp", func(c model.Config) int { return c.Hidden }},
	{"self_attn.o_proj", "attention", func(c model.Config) int { return c.Hidden }},
	{"mlp.up_proj", "mlp", func(c model.Config) int { return c.FFN }},
	{"mlp.gate_proj", "mlp", func(c model.Config) int { return c.FFN }},
	{"self_attn.v_proj", "attention", func(c model.Config) int { return c.KVHeads * c.HeadDim }},
	{"self_attn.q_proj", "attention", func(c model.Config) int { return c.Heads * c.HeadDim }},
	{"self_attn.k_proj", "attention", func(c model.Config) int { return c.KVHeads * c.HeadDim }},
}

// NewRecorder prepares a recorder of a run with these arguments of finetune.New. It watches one matrix of
// the highest trained layer (none under full training). sets are canaries, run on dev at the start, at each epoch's end and at the
// end; nil: none.
func NewRecorder(dev compute.Device, base *infer.Base, spec finetune.Spec, items []finetune.Item, sets *Canaries) (*Recorder, error) {
	r := &Recorder{}
	for i := range items {
		r.trace.Rows = append(r.trace.Rows, RowOf(&items[i]))
	}
	if spec.Method == "lora" {
		top, err := spec.Last(len(base.Layers))
		if err != nil {
			return nil, err
		}
		for _, m := range watchable {
			if _, short, _ := strings.Cut(m.linear, "."); slices.Contains(spec.Targets, short) {
				r.watch = append(r.watch, watched{layer: top, linear: m.linear, vector: fmt.Sprintf("layer %d %s parameters", top, m.half)})
				r.trace.Matrices = append(r.trace.Matrices, Matrix{Name: fmt.Sprintf("model.layers.%d.%s", top, m.linear), Out: m.out(base.Config), Rank: spec.Rank})
				break
			}
		}
	}
	for i := range r.watch {
		m := r.trace.Matrices[i]
		r.watch[i].project = newProjection(m.Name, m.Out*m.Rank)
	}
	if sets == nil || len(sets.Sets) == 0 {
		return r, nil
	}
	var err error
	if r.canary, err = newCanaries(dev, base, *sets); err != nil {
		return nil, err
	}
	for _, s := range sets.Sets {
		r.trace.Canaries = append(r.trace.Canaries, Canary{Name: s.Name, Paired: s.Against != nil, Items: len(s.Items)})
	}
	r.trace.Params = parameters(base)
	var c Checkpoint
	if err := r.canary.run(nil, &c, &r.trace.Read); err != nil {
		return nil, err
	}
	r.trace.Checkpoints = append(r.trace.Checkpoints, c)
	return r, nil
}

// Trace is what was recorded so far.
func (r *Recorder) Trace() *Trace { return &r.trace }

// Attach puts the recorder behind the callbacks that h holds; call it after everything else has been attached. It changes no number
// of the run.
func (r *Recorder) Attach(h *finetune.Hooks) {
	weight, gradient, step := h.Weight, h.Gradient, h.Step
	h.Weight = func(at int, items []int, w []float32) {
		if weight != nil {
			weight(at, items, w)
		}
		r.weights = append(r.weights[:0], w...)
		for i := range r.watch {
			r.watch[i].visits, r.watch[i].each = 0, r.watch[i].each[:0]
		}
	}
	h.Gradient = func(at int, name string, g []float32) {
		if gradient != nil {
			gradient(at, name, g)
		}
		for i := range r.watch {
			if r.watch[i].vector == name {
				r.watch[i].seen = append(r.watch[i].seen[:0], g...)
			}
		}
	}
	h.Step = func(run *finetune.Run, info *finetune.Info) error {
		var err error
		if step != nil {
			err = step(run, info)
		}
		if e := r.step(run, info); err == nil {
			err = e
		}
		return err
	}
	if len(r.watch) > 0 {
		h.ExampleGradient = r.compose(h.ExampleGradient)
	}
}

// compose hands out example gradients to both the recorder and whoever asked before.
func (r *Recorder) compose(other *finetune.ExampleGradient) *finetune.ExampleGradient {
	at := func(layer int, linear string) int {
		return slices.IndexFunc(r.watch, func(w watched) bool { return w.layer == layer && w.linear == linear })
	}
	return &finetune.ExampleGradient{
		Want: func(layer int, linear string) bool {
			return at(layer, linear) >= 0 || other != nil && other.Want(layer, linear)
		},
		Each: func(item, layer int, linear string, grad []float32) {
			if i := at(layer, linear); i >= 0 {
				r.watch[i].each = append(r.watch[i].each, grad...)
				r.watch[i].visits++
			}
			if other != nil && other.Want(layer, linear) {
				other.Each(item, layer, linear, grad)
			}
		},
	}
}

// step writes a finished step down.
func (r *Recorder) step(run *finetune.Run, info *finetune.Info) error {
	t := &r.trace
	s := Step{Visits: int32(len(info.Items)), Loss: info.Loss, LR: info.LR, GradNorm: info.GradNorm}
	first := len(t.Features)
	t.Features = append(t.Features, make([]Feature, len(info.Items)*len(r.watch))...)
	features := t.Features[first:]
	difference, sum := 0.0, 0.0
	for i := range r.watch {
		w, m := &r.watch[i], &t.Matrices[i]
		if w.visits != len(info.Items) {
			return fmt.Errorf("monitor: step %d: %s gave gradients of %d examples of %d", info.Step, m.Name, w.visits, len(info.Items))
		}
		size := m.Out * m.Rank
		total := make([]float64, size)
		for k := range info.Items {
			for j, v := range w.each[k*size : (k+1)*size] {
				total[j] += float64(v)
			}
		}
		for k, item := range info.Items {
			scale := float64(r.weights[k]) * float64(t.Rows[item].Responses)
			features[k*len(r.watch)+i] = w.project.feature(w.each[k*size:(k+1)*size], total, m.Rank, scale)
		}
		d, n := w.distance(run, total)
		difference, sum = difference+d, sum+n
	}
	if sum > 0 {
		s.Tampered = math.Sqrt(difference / sum)
	}
	t.Steps = append(t.Steps, s)
	for k, item := range info.Items {
		t.Visits = append(t.Visits, Visit{Item: int32(item), Weight: r.weights[k], Loss: float32(info.ItemLoss[k])})
	}
	if info.Step < info.Steps && info.Step*run.Spec.Epochs%info.Steps >= run.Spec.Epochs {
		return nil
	}
	return r.checkpoint(run, info.Step)
}

// distance is the squared norm of what the optimiser got less the sum of the examples' gradients, and that of the sum.
func (w *watched) distance(run *finetune.Run, total []float64) (difference, sum float64) {
	half := run.Delta.Halves[2*w.layer]
	if strings.HasPrefix(w.linear, "mlp.") {
		half = run.Delta.Halves[2*w.layer+1]
	}
	for _, s := range half.Layout.Slots {
		if s.Name != w.linear+".lora_B" {
			continue
		}
		for j, v := range w.seen[s.Offset : s.Offset+s.Rows*s.Cols] {
			d := float64(v) - total[j]
			difference += float64(d * d)
			sum += float64(total[j] * total[j])
		}
	}
	return difference, sum
}

// checkpoint runs the canaries and takes the update's spectra.
func (r *Recorder) checkpoint(run *finetune.Run, step int) error {
	c := Checkpoint{Step: int32(step)}
	if r.canary != nil {
		if err := r.canary.run(run.Delta, &c, &r.trace.Read); err != nil {
			return fmt.Errorf("monitor: step %d: %w", step, err)
		}
	}
	if !run.Delta.Train.Full {
		a := run.Delta.Adapter()
		if r.trace.Modules == nil {
			for _, m := range a.Modules {
				r.trace.Modules = append(r.trace.Modules, Module{m.Name, a.R})
			}
			for i := range r.trace.Checkpoints { // the base's: no update yet
				r.trace.Checkpoints[i].Spectra = zeros(r.trace.Modules)
			}
		}
		for _, m := range a.Modules {
			c.Spectra = append(c.Spectra, spectrumOf(m.A, m.B, a.R, a.Alpha/float64(a.R)))
		}
	}
	r.trace.Checkpoints = append(r.trace.Checkpoints, c)
	return nil
}

func zeros(modules []Module) (out [][]float32) {
	for _, m := range modules {
		out = append(out, make([]float32, m.Rank))
	}
	return out
}
