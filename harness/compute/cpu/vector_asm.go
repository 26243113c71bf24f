//go:build amd64 || arm64

package cpu

// The row kernels in assembly, eight lanes at a time: what each computes is its twin's to
// say, in vector.go. n is the number of groups of eight; the rest is done in Go.

//go:noescape
func expSub8(dst, src, l *float32, n int, sub float32)

//go:noescape
func scaleMax8(x, m *float32, n int, a float32)

//go:noescape
func scale8(y, x *float32, n int, a float32)

//go:noescape
func dot8(x, y, l *float32, n int)

//go:noescape
func dot38(x, y, z, l *float32, n int)

//go:noescape
func normal8(y, x, ga *float32, n int, r float32)

//go:noescape
func normalBack8(dx, base, dy, x, ga *float32, n int, r, c float32)

//go:noescape
func mulAcc8(s, x, y *float32, n int, r float32)

//go:noescape
func silu8(h, ga, u *float32, n int)

//go:noescape
func siluBack8(dg, du, dh, ga, u *float32, n int)

//go:noescape
func rotate8(a, b, cos, sin *float32, n int)

//go:noescape
func unrotate8(a, b, cos, sin *float32, n int)

//go:noescape
func add8(y, a, b *float32, n int)

//go:noescape
func scoreBack8(ds, p, dp *float32, n int, d, a float32)

//go:noescape
func adam8(p, ga, m, v, c *float32, n int)

//go:noescape
func find8(x *float32, n int, v float32) int

// whole is the part of a length that the assembly does.
func whole(n int) int { return n &^ 7 }

var asmVec = vec{
	expSub: func(dst, src []float32, sub float32, l *lanes) {
		k := whole(len(src))
		if k > 0 {
			expSub8(&dst[0], &src[0], &l[0], k/8, sub)
		}
		goVec.expSub(dst[k:], src[k:], sub, l)
	},
	scaleMax: func(x []float32, a float32, m *lanes) {
		k := whole(len(x))
		if k > 0 {
			scaleMax8(&x[0], &m[0], k/8, a)
		}
		goVec.scaleMax(x[k:], a, m)
	},
	find: func(x []float32, v float32) int {
		k := whole(len(x))
		if k > 0 {
			if i := find8(&x[0], k/8, v); i < k {
				return i
			}
		}
		return k + goVec.find(x[k:], v)
	},
	scale: func(y, x []float32, a float32) {
		k := whole(len(x))
		if k > 0 {
			scale8(&y[0], &x[0], k/8, a)
		}
		goVec.scale(y[k:], x[k:], a)
	},
	dot: func(x, y []float32, l *lanes) {
		k := whole(len(x))
		if k > 0 {
			dot8(&x[0], &y[0], &l[0], k/8)
		}
		goVec.dot(x[k:], y[k:], l)
	},
	dot3: func(x, y, z []float32, l *lanes) {
		k := whole(len(x))
		if k > 0 {
			dot38(&x[0], &y[0], &z[0], &l[0], k/8)
		}
		goVec.dot3(x[k:], y[k:], z[k:], l)
	},
	normal: func(y, x, g []float32, r float32) {
		k := whole(len(x))
		if k > 0 {
			normal8(&y[0], &x[0], &g[0], k/8, r)
		}
		goVec.normal(y[k:], x[k:], g[k:], r)
	},
	normalBack: func(dx, base, dy, x, g []float32, r, c float32) {
		k := whole(len(x))
		if k > 0 {
			normalBack8(&dx[0], &base[0], &dy[0], &x[0], &g[0], k/8, r, c)
		}
		goVec.normalBack(dx[k:], base[k:], dy[k:], x[k:], g[k:], r, c)
	},
	mulAcc: func(s, x, y []float32, r float32) {
		k := whole(len(x))
		if k > 0 {
			mulAcc8(&s[0], &x[0], &y[0], k/8, r)
		}
		goVec.mulAcc(s[k:], x[k:], y[k:], r)
	},
	silu: func(h, g, u []float32) {
		k := whole(len(g))
		if k > 0 {
			silu8(&h[0], &g[0], &u[0], k/8)
		}
		goVec.silu(h[k:], g[k:], u[k:])
	},
	siluBack: func(dg, du, dh, g, u []float32) {
		k := whole(len(g))
		if k > 0 {
			siluBack8(&dg[0], &du[0], &dh[0], &g[0], &u[0], k/8)
		}
		goVec.siluBack(dg[k:], du[k:], dh[k:], g[k:], u[k:])
	},
	rotate: func(a, b, cos, sin []float32) {
		k := whole(len(cos))
		if k > 0 {
			rotate8(&a[0], &b[0], &cos[0], &sin[0], k/8)
		}
		goVec.rotate(a[k:], b[k:], cos[k:], sin[k:])
	},
	unrotate: func(a, b, cos, sin []float32) {
		k := whole(len(cos))
		if k > 0 {
			unrotate8(&a[0], &b[0], &cos[0], &sin[0], k/8)
		}
		goVec.unrotate(a[k:], b[k:], cos[k:], sin[k:])
	},
	add: func(y, a, b []float32) {
		k := whole(len(a))
		if k > 0 {
			add8(&y[0], &a[0], &b[0], k/8)
		}
		goVec.add(y[k:], a[k:], b[k:])
	},
	scoreBack: func(ds, p, dp []float32, d, a float32) {
		k := whole(len(p))
		if k > 0 {
			scoreBack8(&ds[0], &p[0], &dp[0], k/8, d, a)
		}
		goVec.scoreBack(ds[k:], p[k:], dp[k:], d, a)
	},
	adam: func(p, g, m, v []float32, c *adamConst) {
		k := whole(len(p))
		if k > 0 {
			adam8(&p[0], &g[0], &m[0], &v[0], &c.B1C, k/8)
		}
		goVec.adam(p[k:], g[k:], m[k:], v[k:], c)
	},
}
