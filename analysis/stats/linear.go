package stats

// Linear algebra for the few parameters of a fit: symmetric positive definite
// systems by Cholesky, every product rounded before it is added so that amd64 and
// arm64 agree. Not for large or general matrices.

import "math"

// cholesky is the lower triangle L of a = L L'. ok is false where a is not
// positive definite to working precision.
func cholesky(a [][]float64) (l [][]float64, ok bool) {
	n := len(a)
	l = zeros(n, n)
	for j := range n {
		d := a[j][j]
		for k := range j {
			d -= float64(l[j][k] * l[j][k])
		}
		if !(d > 1e-13*a[j][j]) {
			return l, false
		}
		l[j][j] = math.Sqrt(d)
		for i := j + 1; i < n; i++ {
			s := a[i][j]
			for k := range j {
				s -= float64(l[i][k] * l[j][k])
			}
			l[i][j] = s / l[j][j]
		}
	}
	return l, true
}

// choleskySolve returns x of L L' x = b.
func choleskySolve(l [][]float64, b []float64) []float64 {
	x := choleskyForward(l, b)
	for i := len(b) - 1; i >= 0; i-- {
		for k := i + 1; k < len(b); k++ {
			x[i] -= float64(l[k][i] * x[k])
		}
		x[i] /= l[i][i]
	}
	return x
}

// choleskyForward returns x of L x = b; its squared length is b' (L L')^-1 b.
func choleskyForward(l [][]float64, b []float64) []float64 {
	x := append([]float64(nil), b...)
	for i := range x {
		for k := range i {
			x[i] -= float64(l[i][k] * x[k])
		}
		x[i] /= l[i][i]
	}
	return x
}

// choleskyInverse returns (L L')^-1, exactly symmetric.
func choleskyInverse(l [][]float64) [][]float64 {
	n := len(l)
	inv := zeros(n, n)
	for j := range n {
		e := make([]float64, n)
		e[j] = 1
		copy(inv[j], choleskySolve(l, e))
	}
	for i := range n {
		for j := range i {
			m := (inv[i][j] + inv[j][i]) / 2
			inv[i][j], inv[j][i] = m, m
		}
	}
	return inv
}

// choleskyLogDet is log |L L'|.
func choleskyLogDet(l [][]float64) float64 {
	s := 0.0
	for i := range l {
		s += math.Log(l[i][i])
	}
	return 2 * s
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += float64(a[i] * b[i])
	}
	return s
}

// multiply is the matrix product a b.
func multiply(a, b [][]float64) [][]float64 {
	c := zeros(len(a), len(b[0]))
	for i := range a {
		for j := range c[i] {
			for k := range b {
				c[i][j] += float64(a[i][k] * b[k][j])
			}
		}
	}
	return c
}

func transpose(a [][]float64) [][]float64 {
	t := zeros(len(a[0]), len(a))
	for i := range a {
		for j := range a[i] {
			t[j][i] = a[i][j]
		}
	}
	return t
}

// quadratic is g' v g, the variance of a linear combination g.
func quadratic(g []float64, v [][]float64) float64 {
	s := 0.0
	for i := range g {
		s += float64(g[i] * dot(v[i], g))
	}
	return s
}

// deviation is the standard deviation of g'theta under variance v, not below 0 by a rounding.
func deviation(g []float64, v [][]float64) float64 { return math.Sqrt(max(0, quadratic(g, v))) }

// scaled is c a.
func scaled(c float64, a [][]float64) [][]float64 {
	s := zeros(len(a), len(a))
	for i := range a {
		for j := range a[i] {
			s[i][j] = c * a[i][j]
		}
	}
	return s
}

func zeros(rows, cols int) [][]float64 {
	flat := make([]float64, rows*cols)
	m := make([][]float64, rows)
	for i := range m {
		m[i], flat = flat[:cols:cols], flat[cols:]
	}
	return m
}
