package compute

// Bits is the class whose bits a class of devices gives, which is part of every run's identity: "cuda" follows the contract to the letter, so its
// runs are the CPU's (`make gpu-check` proves it on the GPU at hand); "cuda-tf32" has numerics of its own.
func Bits(class string) string {
	if class == "cuda" {
		return "cpu"
	}
	return class
}

// Device is a set of operators over float32 slices. Slices handed to a device
// come from the Alloc of a device of its class; a CPU accepts any. Shapes are row-major; "rows" is always
// the number of active rows, which may be fewer than the buffer holds. A Device is used by one goroutine
// at a time, but for Alloc, Push and Pack.
//
// A slice's values on the device and those that the host sees may be two things: between operators, the host calls Pull before
// it reads and Push after it wrote. On the CPU both are the same memory.
//
// Methods panic on programming errors (a slice shorter than its shape), never because of data; and with a
// [Fault] when the machine fails them.
type Device interface {
	// Class is "cpu", "cuda" or "cuda-tf32"; see [Bits].
	Class() string
	// Alloc returns n zeroed, 64-byte-aligned float32 values this device can address. They live until Close.
	Alloc(n int) []float32
	// Push makes what the host wrote into x known to the device; Pull makes what the device wrote visible to the host.
	Push(x []float32)
	Pull(x []float32)
	// Close gives back what the device holds; what it allocated must not be used afterwards.
	Close()
	// Pack prepares a frozen matrix w [rows, cols] (row-major, the host's) as the right-hand
	// side of MatMul. Packed matrices are immutable and shared by all
	// devices of the same class in the process. The source slice may be
	// released afterwards.
	Pack(w []float32, rows, cols int, use Use) Matrix

	// MatMul computes dst[m,n] = base + Σ_terms A·B, one fused multiply-add
	// chain per element over the terms in order, base (may be nil, may alias
	// dst) added once at the end.
	MatMul(dst View, base *View, terms ...Term)

	// RMSNorm: y[t,:] = x[t,:] * rstd[t] * g, rstd = 1/sqrt(mean(x²)+eps).
	// g has x.Cols elements. rstd [rows] may be nil when not needed.
	RMSNorm(y, x View, g []float32, eps float32, rstd []float32)
	// RMSNormBack: dx = base + gradient through RMSNorm; rstd as stored by
	// RMSNorm. base may be nil and may alias dx. dg (may be nil) accumulates
	// over rows, ascending: dg += Σ_t dy*x*rstd.
	RMSNormBack(dx View, base *View, dy, x View, g, rstd, dg []float32)

	// Rope rotates heads of width headDim in place, half-split layout
	// (element i pairs with i+headDim/2): positions pos [rows], table cos/sin
	// [maxPos, headDim/2]. inverse applies the transpose (the backward).
	Rope(x View, headDim int, pos []int32, cos, sin []float32, inverse bool)

	// Attention is causal attention of packed sequences. q and o are
	// [rows, heads*headDim]. See Sequence for where keys and values lie.
	// Softmax of a row: exact maximum, exp, sum in eight lanes by key index.
	// lse [rows*heads] (may be nil) receives each row's log-sum-exp.
	Attention(o, q View, seqs []Sequence, h Heads, lse []float32)
	// AttentionBack computes dq, dk, dv (overwritten; Past must be 0 and the
	// sequence's keys and values are k, v rows [Start, Start+N)).
	AttentionBack(dq, dk, dv, do, q, k, v, o View, seqs []Sequence, h Heads, lse []float32)

	// SiLUMul: h = silu(gate) * up.  SiLUMulBack overwrites dgate and dup
	// (which may alias gate and up).
	SiLUMul(h, gate, up View)
	SiLUMulBack(dgate, dup, dh, gate, up View)

	// CrossEntropy works on a block of logits [rows, V] in place: loss[t] =
	// lse(logits[t]) - logits[t,target[t]]; argmax[t] = index of the largest
	// logit (the lowest index at ties); when weight is not nil, logits become
	// weight[t] * (softmax - onehot(target)). argmax and loss may be nil; like target and weight
	// they are the host's, and hold their values on return.
	CrossEntropy(logits View, target []int32, weight, loss []float32, argmax []int32)

	// Dropout: y = x * mask/(1-p), mask drawn by counter from key and the
	// element's index row*cols+col offset by base; the same call on the
	// gradient is the backward. y may alias x.
	Dropout(y, x View, p float32, key uint64, base uint64)

	// AddBias adds b [cols] to each row in place. BiasGrad accumulates
	// db += Σ_t dy[t], rows ascending.
	AddBias(x View, b []float32)
	BiasGrad(db []float32, dy View)

	// Zero and Copy move no arithmetic. Add: y += x. Scale: x *= a. Gather: y[t] = table[ids[t]].
	// ScatterAdd: table[ids[t]] += dy[t], t ascending.
	Zero(x []float32)
	Copy(dst, src View)
	Add(y, x View)
	Scale(x []float32, a float32)
	Gather(y View, table []float32, ids []int32)
	ScatterAdd(table []float32, dy View, ids []int32)

	// SumSquares adds up in float64: blocks of 4,096 elements, eight lanes
	// each, blocks ascending.
	SumSquares(x []float32) float64

	// AdamW is PyTorch's torch.optim.AdamW, element by element:
	// p *= 1-lr*wd; m += (1-b1)(g-m); v = b2 v + (1-b2) g²;
	// p -= lr/c1 * m / (sqrt(v)/sqrt(c2) + eps), c_i = 1 - b_i^step.
	AdamW(p, g, m, v []float32, o AdamW)
}

// View is a row-major matrix inside a slice: element (i,j) is Data[i*Stride+j].
type View struct {
	Data               []float32
	Rows, Cols, Stride int
}

// Of is a dense view of data as [rows, cols].
func Of(data []float32, rows, cols int) View {
	return View{Data: data[:rows*cols], Rows: rows, Cols: cols, Stride: cols}
}

// Columns is the view of columns [from, to).
func (v View) Columns(from, to int) View {
	if v.Rows == 0 {
		return View{Cols: to - from, Stride: v.Stride}
	}
	return View{Data: v.Data[from:], Rows: v.Rows, Cols: to - from, Stride: v.Stride}
}

// Slice is the view of rows [from, to).
func (v View) Slice(from, to int) View {
	if from >= to {
		return View{Cols: v.Cols, Stride: v.Stride}
	}
	return View{Data: v.Data[from*v.Stride:], Rows: to - from, Cols: v.Cols, Stride: v.Stride}
}

// Row is row i, Cols long.
func (v View) Row(i int) []float32 { return v.Data[i*v.Stride : i*v.Stride+v.Cols] }

// Use says on which side of a product a packed matrix w [rows, cols] will stand.
type Use int

const (
	// ByRows: products x·wᵀ (a linear layer's forward: w is [out, in]).
	ByRows Use = 1 << iota
	// ByCols: products x·w (its backward).
	ByCols
)

// Matrix is a packed, frozen matrix.
type Matrix interface {
	Shape() (rows, cols int)
	Bytes() int
	// Uses are the sides on which it may stand.
	Uses() Use
}

// Term is one product in a sum of products. The left side is A [m,k], or with
// TransA the transpose of A [k,m]. The right side is either a packed
// Matrix or the view B: B [k,n], or with TransB the transpose of B [n,k].
// For a packed w, TransB means x·wᵀ (needs ByRows), otherwise x·w (ByCols).
// Scale, if not 0 and not 1, multiplies A's elements as they are read
// (rounded once).
type Term struct {
	A      View
	TransA bool
	W      Matrix
	B      View
	TransB bool
	Scale  float32
}

// Heads is an attention layout: Q query heads share KV key/value heads
// (query head i uses key/value head i/(Q/KV)); Dim per head; scores are
// multiplied by Scale; Window > 0 limits a query to the last Window keys
// (itself included).
type Heads struct {
	Q, KV, Dim int
	Scale      float32
	Window     int
}

// Sequence is one packed sequence: query rows [Start, Start+N) of q, attending
// to keys and values 0..Past+i for the i-th of them. K and V are views of
// [Past+N, KV*Dim].
type Sequence struct {
	Start, N, Past int
	K, V           View
}

// AdamW holds one step's constants. Step counts from 1.
type AdamW struct {
	LR, Beta1, Beta2, Eps, WeightDecay float64
	Step                               int
}
