package monitor

// What is kept of an example's own gradient G [out, rank] of a LoRA B matrix, and the spectrum of an update B·A: both by
// the eigenvalues of small symmetric matrices (cyclic Jacobi).

import (
	"math"

	"theriac/harness/compute"
	"theriac/harness/rng"
)

// projection is a count sketch (Charikar et al., 2002): each component is added, with a sign, to one of Sketch sums. It keeps inner
// products in expectation, with a Gaussian projection's variance, at one addition a component.
type projection struct {
	to   []uint8
	sign []float64
}

func newProjection(name string, size int) *projection {
	r := rng.Stream(1, "defense", "monitor", "sketch", name)
	p := &projection{to: make([]uint8, size), sign: make([]float64, size)}
	for i := range p.to {
		p.to[i], p.sign[i] = uint8(r.Intn(Sketch)), float64(2*r.Intn(2)-1)
	}
	return p
}

// feature describes the gradient g [out, rank] of an example whose loss was multiplied by scale; total is the sum over the step.
func (p *projection) feature(g []float32, total []float64, rank int, scale float64) Feature {
	var sketch [Sketch]float64
	square, dot, rest := 0.0, 0.0, 0.0
	for i, v := range g {
		x := float64(v)
		o := total[i] - x
		square += float64(x * x)
		dot += float64(x * o)
		rest += float64(o * o)
		sketch[p.to[i]] += float64(p.sign[i] * x)
	}
	var f Feature
	if square == 0 || math.IsInf(square, 0) || math.IsNaN(square) {
		return f
	}
	if scale != 0 {
		f.Norm = float32(math.Sqrt(square) / math.Abs(scale))
	}
	if rest > 1e-12*square {
		f.Cosine = float32(dot / math.Sqrt(square*rest))
	}
	f.Entropy = float32(entropy(singular(g, rank)))
	length := 0.0
	for _, v := range sketch {
		length += float64(v * v)
	}
	if length = math.Sqrt(length); length > 0 {
		for i, v := range sketch {
			f.Sketch[i] = int8(math.RoundToEven(127 * v / length))
		}
	}
	return f
}

// singular values of g [rows, rank], from the eigenvalues of gᵀg; unordered.
func singular(g []float32, rank int) []float64 {
	gram := make([]float64, rank*rank)
	for at := 0; at < len(g); at += rank {
		row := g[at : at+rank]
		for i, x := range row {
			for j := i; j < rank; j++ {
				gram[i*rank+j] += float64(float64(x) * float64(row[j]))
			}
		}
	}
	mirror(gram, rank)
	values := eigenvalues(gram, rank)
	for i, v := range values {
		values[i] = math.Sqrt(max(0, v))
	}
	return values
}

func mirror(a []float64, n int) {
	for i := range n {
		for j := range i {
			a[i*n+j] = a[j*n+i]
		}
	}
}

// entropy is Shannon's of the values' shares of their sum, over log of their number (the logarithm of the effective rank of Roy and
// Vetterli, 2007): 0 for one direction, 1 for equal values; 0 where all are 0.
func entropy(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	if sum == 0 || len(values) < 2 {
		return 0
	}
	h := 0.0
	for _, v := range values {
		if p := v / sum; p > 1e-12 {
			h -= float64(p * compute.Log64(p))
		}
	}
	return h / compute.Log64(float64(len(values)))
}

// spectrumOf is the singular values of scale·B·A, A [rank, in], B [out, rank], largest first: the roots of the eigenvalues of
// S·(BᵀB)·S, S being the symmetric root of A·Aᵀ.
func spectrumOf(a, b []float32, rank int, scale float64) []float32 {
	left := make([]float64, rank*rank)
	in := len(a) / rank
	for i := range rank {
		for j := i; j < rank; j++ {
			for k := range in {
				left[i*rank+j] += float64(float64(a[i*in+k]) * float64(a[j*in+k]))
			}
		}
	}
	mirror(left, rank)
	values, vectors := eigen(left, rank)
	right := make([]float64, rank*rank)
	for at := 0; at < len(b); at += rank {
		for i := range rank {
			for j := i; j < rank; j++ {
				right[i*rank+j] += float64(float64(b[at+i]) * float64(b[at+j]))
			}
		}
	}
	mirror(right, rank)
	// D^½ Vᵀ (BᵀB) V D^½ has the same eigenvalues.
	root := make([]float64, rank*rank) // V D^½
	for i := range rank {
		for j := range rank {
			root[i*rank+j] = vectors[i*rank+j] * math.Sqrt(max(0, values[j]))
		}
	}
	half := multiply(right, root, rank, false)
	values = eigenvalues(multiply(root, half, rank, true), rank)
	out := make([]float32, rank)
	for i, v := range values {
		out[i] = float32(math.Abs(scale) * math.Sqrt(max(0, v)))
	}
	sortDescending(out)
	return out
}

// multiply is a·b, or aᵀ·b, of n×n matrices.
func multiply(a, b []float64, n int, transpose bool) []float64 {
	out := make([]float64, n*n)
	for i := range n {
		for k := range n {
			x := a[i*n+k]
			if transpose {
				x = a[k*n+i]
			}
			for j := range n {
				out[i*n+j] += float64(x * b[k*n+j])
			}
		}
	}
	return out
}

// eigenvalues of a symmetric n×n matrix, which is overwritten.
func eigenvalues(a []float64, n int) []float64 {
	jacobi(a, nil, n)
	out := make([]float64, n)
	for i := range out {
		out[i] = a[i*n+i]
	}
	return out
}

// eigen gives eigenvalues and, as columns, eigenvectors [n, n]; a is overwritten.
func eigen(a []float64, n int) (values, vectors []float64) {
	vectors = make([]float64, n*n)
	for i := range n {
		vectors[i*n+i] = 1
	}
	jacobi(a, vectors, n)
	values = make([]float64, n)
	for i := range values {
		values[i] = a[i*n+i]
	}
	return values, vectors
}

// jacobi turns a into a diagonal by rotations (Golub and Van Loan, algorithm 8.5.3) and applies them to the columns of v unless nil.
func jacobi(a, v []float64, n int) {
	trace := 0.0
	for i := range n {
		trace += math.Abs(a[i*n+i])
	}
	for range 30 {
		off := 0.0
		for p := range n {
			for q := p + 1; q < n; q++ {
				off = max(off, math.Abs(a[p*n+q]))
			}
		}
		if !(off > 1e-14*trace) {
			return
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				rotate(a, v, n, p, q)
			}
		}
	}
}

func rotate(a, v []float64, n, p, q int) {
	x := a[p*n+q]
	if x == 0 {
		return
	}
	tau := (a[q*n+q] - a[p*n+p]) / (2 * x)
	t := 1 / (math.Abs(tau) + math.Sqrt(1+float64(tau*tau)))
	if tau < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(1+float64(t*t))
	s := t * c
	for k := range n { // columns
		x, y := a[k*n+p], a[k*n+q]
		a[k*n+p], a[k*n+q] = float64(c*x)-float64(s*y), float64(s*x)+float64(c*y)
	}
	for k := range n { // rows
		x, y := a[p*n+k], a[q*n+k]
		a[p*n+k], a[q*n+k] = float64(c*x)-float64(s*y), float64(s*x)+float64(c*y)
	}
	if v == nil {
		return
	}
	for k := range n {
		x, y := v[k*n+p], v[k*n+q]
		v[k*n+p], v[k*n+q] = float64(c*x)-float64(s*y), float64(s*x)+float64(c*y)
	}
}

func sortDescending(v []float32) {
	for i := 1; i < len(v); i++ {
		for j := i; j > 0 && v[j] > v[j-1]; j-- {
			v[j], v[j-1] = v[j-1], v[j]
		}
	}
}
