package block

import "theriac/harness/compute"

// Shape is a decoder layer's dimensions.
type Shape struct {
	D, FFN  int           // hidden and feed-forward widths
	Heads   compute.Heads // query and key/value heads
	RMSEps  float32       // of every norm
	QKNorm  bool          // Qwen3: RMSNorm over each head of q and k
	QKVBias bool          // Qwen2
}

// Linear is one linear layer y = x·Wᵀ + bias. Name is Hugging Face's, within the
// decoder layer: "self_attn.q_proj".
type Linear struct {
	Name string
	Out  int
	W    compute.Matrix // [Out, In] packed ByRows, for the forward
	Back compute.Matrix // the same packed ByCols, for the backward; nil until something below it trains
	Bias []float32      // [Out] or nil
}

// Fan is the linear layers that read one input: q, k, v; o; gate, up; down.
type Fan struct {
	Layer int
	In    int
	Lin   []Linear
}

// Layer is one decoder layer's frozen weights on a device, shared by all runs.
type Layer struct {
	Shape
	AttnNorm, MLPNorm    []float32 // [D]
	QNorm, KNorm         []float32 // [Heads.Dim], Qwen3 only
	QKV, O, GateUp, Down Fan
}

// Rope is the table of rotations: cos and sin of [maxPos, headDim/2].
type Rope struct{ Cos, Sin []float32 }

// Span is one example's rows in a packed batch.
type Span struct{ Start, N int }

// Rows says what the active rows of a batch are: positions within their own
// example, and which examples. Step and Key feed dropout.
type Rows struct {
	Pos  []int32 // one per row
	Seqs []Span
	Key  uint64 // dropout key of the step; 0 where nothing is dropped
}

// N is the number of active rows.
func (r *Rows) N() int { return len(r.Pos) }
