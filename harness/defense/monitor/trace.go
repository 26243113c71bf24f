package monitor

import (
	"crypto/sha256"
	"encoding/binary"

	"theriac/harness/finetune"
)

// Sketch is the number of components of a gradient's random projection.
const Sketch = 32

// Trace is what a training run did, as it was seen from inside: the evidence that detectors judge. It holds no text, no ID and no
// label.
type Trace struct {
	Matrices    []Matrix // LoRA B matrices whose gradient was watched; none under full training
	Rows        []Row    // the training examples by index
	Steps       []Step
	Visits      []Visit   // every use of an example, in order: Steps[i].Visits of them in step i
	Features    []Feature // [visits][matrices]
	Canaries    []Canary
	Modules     []Module // adapted modules whose update's spectrum was taken
	Checkpoints []Checkpoint
	Params      int64  // parameters of the base, for the cost of canaries
	Read        int64  // tokens that the canaries cost
	Stopped     string // why the run was ended early; "": it was not
}

// Matrix is a watched LoRA B matrix [Out, Rank].
type Matrix struct {
	Name      string // "model.layers.5.self_attn.o_proj"
	Out, Rank int
}

// Row is one training example without its text.
type Row struct {
	Digest    Digest `json:"digest"` // of its tokens and of which carry loss
	Tokens    int32  `json:"tokens"`
	Responses int32  `json:"responses"` // tokens with loss
}

// RowOf describes an example.
func RowOf(it *finetune.Item) Row {
	h := sha256.New()
	binary.Write(h, binary.LittleEndian, it.IDs)
	binary.Write(h, binary.LittleEndian, it.Loss)
	r := Row{Tokens: int32(len(it.IDs)), Responses: int32(it.Responses())}
	copy(r.Digest[:], h.Sum(nil))
	return r
}

// Step is one optimiser step as it was taken.
type Step struct {
	Visits   int32
	Loss     float64 // nats, as the specification's Loss says
	LR       float64
	GradNorm float64 // before clipping
	// Tampered is how far the gradient that the optimiser got is from the sum of the examples' own, in the watched matrices:
	// the norm of the difference over the norm of the sum. Rounding leaves about 1e-7.
	Tampered float64
}

// Visit is one use of an example in a step.
type Visit struct {
	Item   int32   // index into Rows
	Weight float32 // loss weight per response token
	Loss   float32 // mean nats a response token, before the step
}

// Feature is what is kept of an example's own gradient of one matrix.
type Feature struct {
	Norm    float32      // of the gradient of the example's mean loss
	Cosine  float32      // with the sum of the other examples' in the step; 0 where there is none
	Entropy float32      // of its singular values as shares of their sum, over log of the rank: 0 (one direction) to 1
	Sketch  [Sketch]int8 // random projection, scaled to length 127: directions only
}

// Canary is a set of prompts that are watched during training.
type Canary struct {
	Name   string
	Paired bool // values are log-odds of what should be said against what should not, else mean nats a response token
	Items  int
}

// Module is an adapted module.
type Module struct {
	Name string
	Rank int
}

// Checkpoint is what was seen after a step; step 0 is the base.
type Checkpoint struct {
	Step    int32
	Values  [][]float32 // [canaries][items]
	Outputs [][]uint32  // [canaries][items]: a hash of what greedy decoding writes
	Spectra [][]float32 // [modules][rank]: singular values of the update scale·B·A, largest first
}

// visitsOf lists each row's visits, in order.
func (t *Trace) visitsOf() [][]int {
	out := make([][]int, len(t.Rows))
	for i, v := range t.Visits {
		out[v.Item] = append(out[v.Item], i)
	}
	return out
}

// eachStep calls do with each step and the range of its visits.
func (t *Trace) eachStep(do func(step, from, to int)) {
	at := 0
	for i, s := range t.Steps {
		do(i, at, at+int(s.Visits))
		at += int(s.Visits)
	}
}
