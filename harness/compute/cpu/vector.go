package cpu

// The row kernels in plain Go: what each computes, element by element and lane
// by lane. vector_amd64.s does the same eight lanes at a time; lengths there
// are multiples of 8, and the rest is done here.

import (
	"math"

	"theriac/harness/compute"
)

type lanes [8]float32

var lowest = func() (m lanes) {
	for i := range m {
		m[i] = float32(math.Inf(-1))
	}
	return m
}()

// max is the largest lane.
func (m *lanes) max() float32 {
	top := m[0]
	for _, x := range m[1:] {
		if x > top {
			top = x
		}
	}
	return top
}

// vec is the set of row kernels in use.
type vec struct {
	// expSub: dst = exp(src - sub), l[i%8] += dst.
	expSub func(dst, src []float32, sub float32, l *lanes)
	// scaleMax: x *= a, m[i%8] = max(m[i%8], x).
	scaleMax func(x []float32, a float32, m *lanes)
	// index of the first element equal to v, or len(x).
	find func(x []float32, v float32) int
	// scale: y = x*a.
	scale func(y, x []float32, a float32)
	// dot: l[i%8] += x*y.
	dot func(x, y []float32, l *lanes)
	// dot3: l[i%8] += (x*y)*z.
	dot3 func(x, y, z []float32, l *lanes)
	// normal: y = (x*r)*g.
	normal func(y, x, g []float32, r float32)
	// normalBack: dx = base + ((dy*g)*r - x*c).
	normalBack func(dx, base, dy, x, g []float32, r, c float32)
	// mulAcc: s += (x*y)*r.
	mulAcc   func(s, x, y []float32, r float32)
	silu     func(h, g, u []float32)
	siluBack func(dg, du, dh, g, u []float32)
	// rotate: a, b = a*cos - b*sin, b*cos + a*sin.
	rotate func(a, b, cos, sin []float32)
	// unrotate: a, b = a*cos + b*sin, b*cos - a*sin.
	unrotate func(a, b, cos, sin []float32)
	// add: y = a + b.
	add func(y, a, b []float32)
	// scoreBack: ds = (p*(dp-d))*a.
	scoreBack func(ds, p, dp []float32, d, a float32)
	adam      func(p, g, m, v []float32, c *adamConst)
}

var goVec = vec{
	expSub: func(dst, src []float32, sub float32, l *lanes) {
		for i, v := range src {
			e := exp32(v - sub)
			dst[i] = e
			l[i&7] += e
		}
	},
	scaleMax: func(x []float32, a float32, m *lanes) {
		for i, v := range x {
			v *= a
			x[i] = v
			if v > m[i&7] {
				m[i&7] = v
			}
		}
	},
	find: func(x []float32, v float32) int {
		for i, w := range x {
			if w == v {
				return i
			}
		}
		return len(x)
	},
	scale: func(y, x []float32, a float32) {
		for i, v := range x {
			y[i] = v * a
		}
	},
	dot: func(x, y []float32, l *lanes) {
		for i, v := range x {
			l[i&7] += float32(v * y[i])
		}
	},
	dot3: func(x, y, z []float32, l *lanes) {
		for i, v := range x {
			l[i&7] += float32(float32(v*y[i]) * z[i])
		}
	},
	normal: func(y, x, g []float32, r float32) {
		for i, v := range x {
			y[i] = float32(v*r) * g[i]
		}
	},
	normalBack: func(dx, base, dy, x, g []float32, r, c float32) {
		for i, v := range x {
			t := float32(float32(dy[i]*g[i])*r) - float32(v*c)
			dx[i] = base[i] + t
		}
	},
	mulAcc: func(s, x, y []float32, r float32) {
		for i, v := range x {
			s[i] += float32(float32(v*y[i]) * r)
		}
	},
	silu: func(h, g, u []float32) {
		for i, x := range g {
			h[i] = float32(x*sigmoid(x)) * u[i]
		}
	},
	siluBack: func(dg, du, dh, g, u []float32) {
		for i, x := range g {
			s, d := sigmoid(x), dh[i]
			xs := float32(x * s)
			slope := s + float32(xs*(1-s))
			t := float32(d*u[i]) * slope
			du[i] = d * xs
			dg[i] = t
		}
	},
	rotate: func(a, b, cos, sin []float32) {
		for i, c := range cos {
			x, y, s := a[i], b[i], sin[i]
			a[i] = float32(x*c) - float32(y*s)
			b[i] = float32(y*c) + float32(x*s)
		}
	},
	unrotate: func(a, b, cos, sin []float32) {
		for i, c := range cos {
			x, y, s := a[i], b[i], sin[i]
			a[i] = float32(x*c) + float32(y*s)
			b[i] = float32(y*c) - float32(x*s)
		}
	},
	add: func(y, a, b []float32) {
		for i, v := range a {
			y[i] = v + b[i]
		}
	},
	scoreBack: func(ds, p, dp []float32, d, a float32) {
		for i, v := range p {
			ds[i] = float32(v*(dp[i]-d)) * a
		}
	},
	adam: func(p, g, m, v []float32, c *adamConst) {
		for i, gi := range g {
			mi := m[i] + float32(c.B1C*(gi-m[i]))
			vi := float32(c.B2*v[i]) + float32(float32(c.B2C*gi)*gi)
			m[i], v[i] = mi, vi
			d := float32(float32(math.Sqrt(float64(vi)))*c.RC2) + c.Eps
			p[i] = float32(p[i]*c.Keep) - float32(c.Step*float32(mi/d))
		}
	},
}

// adamConst holds one step's constants in the order that the assembly reads them.
type adamConst compute.AdamWConstants

func sigmoid(x float32) float32 { return 1 / (1 + exp32(-x)) }
