package finetune

import (
	"theriac/harness/compute"
	"theriac/harness/compute/block"
)

// Hooks is where others reach into a run: monitors watch through Step and
// ExampleGradient; process attacks act through the rest. All are optional.
type Hooks struct {
	// Step sees each finished step; an error ends the run and is returned by Train.
	Step func(r *Run, info *Info) error
	// Order may replace an epoch's order of examples; it must return a permutation or selection of indices.
	Order func(epoch int, order []int) []int
	// Weight may change each example's loss weight per response token.
	Weight func(step int, items []int, w []float32)
	// LR may change a step's learning rate.
	LR func(step int, lr float64) float64
	// Gradient may change a parameter vector's gradient before clipping.
	Gradient func(step int, name string, g []float32)
	// ExampleGradient receives each example's own gradient of chosen LoRA B matrices [out, rank].
	ExampleGradient *ExampleGradient
}

// ExampleGradient chooses matrices and receives gradients. The slice is valid during the call.
type ExampleGradient struct {
	Want func(layer int, linear string) bool // linear: "self_attn.o_proj"
	Each func(item, layer int, linear string, grad []float32)
}

// observe connects the example-gradient hook to the next micro-batch.
func (r *Run) observe(items []int) {
	h := r.hooks.ExampleGradient
	if h == nil {
		return
	}
	r.graph.ws.Capture = &block.Capture{Want: h.Want, Each: func(layer int, linear string, example int, grad compute.View) {
		r.dev.Pull(grad.Data[:grad.Rows*grad.Cols])
		h.Each(items[example], layer, linear, grad.Data[:grad.Rows*grad.Cols])
	}}
}
