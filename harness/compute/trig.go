package compute

// exp, log, sin and cos in float64 that give the same bits on every platform:
// products that feed a sum are rounded explicitly, for Go fuses them on some. Errors
// are within 2 units in the last place in the ranges theriac uses. Reductions after
// Cody and Waite (1980), polynomials are Taylor's.

import "math"

const (
	ln2Hi = 6.93147180369123816490e-01 // 33 bits
	ln2Lo = 1.90821492927058770002e-10
)

// Exp64 is e to the x.
func Exp64(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return x
	case x > 709.7:
		return math.Inf(1)
	case x < -745:
		return 0
	}
	k := math.RoundToEven(float64(x * math.Log2E))
	r := (x - float64(k*ln2Hi)) - float64(k*ln2Lo)
	p := 1.0
	for i := 14; i >= 1; i-- {
		p = 1 + float64(float64(r*p)/float64(i))
	}
	return math.Ldexp(p, int(k))
}

// Log64 is the natural logarithm.
func Log64(x float64) float64 {
	switch {
	case math.IsNaN(x) || x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	case math.IsInf(x, 1):
		return x
	}
	f, e := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f, e = 2*f, e-1
	}
	// log f = 2 atanh s, s = (f-1)/(f+1), |s| < 0.1716
	s := (f - 1) / (f + 1)
	z := float64(s * s)
	p := 0.0
	for i := 23; i >= 3; i -= 2 {
		p = float64(z * (1/float64(i) + p))
	}
	k := float64(e)
	return float64(k*ln2Hi) + (2*s + (float64(2*s*p) + float64(k*ln2Lo)))
}

// Pow64 is x to the y for positive x, accurate to about |y·log x| units in the last place.
func Pow64(x, y float64) float64 {
	if y == 0 {
		return 1
	}
	return Exp64(float64(y * Log64(x)))
}

// Pi/2 in parts of 33, 33 and 53 bits: products with whole numbers below 2^20 are exact.
const (
	halfPi1 = 1.57079632673412561417e+00
	halfPi2 = 6.07710050630396597660e-11
	halfPi3 = 2.02226624879595063154e-21
)

func sincos(x float64) (sin, cos float64) {
	k := math.RoundToEven(float64(x * (2 / math.Pi)))
	r := ((x - float64(k*halfPi1)) - float64(k*halfPi2)) - float64(k*halfPi3)
	z := float64(r * r)
	s, c := 1.0, 1.0
	for i := 20; i >= 2; i -= 2 {
		s = 1 - float64(float64(z*s)/float64(i*(i+1)))
		c = 1 - float64(float64(z*c)/float64(i*(i-1)))
	}
	s = float64(s * r)
	switch int64(k) & 3 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	}
	return -c, s
}

// Sin64 and Cos64 are sine and cosine for |x| below 2^20.
func Sin64(x float64) float64 { s, _ := sincos(x); return s }

// Cos64 is the cosine.
func Cos64(x float64) float64 { _, c := sincos(x); return c }

// RopeTable computes cos and sin [maxPos, len(invFreq)] of position times inverse
// frequency. As Transformers does, the angle is rounded to float32 before it is used.
func RopeTable(maxPos, headDim int, invFreq []float64) (cos, sin []float32) {
	h := headDim / 2
	cos, sin = make([]float32, maxPos*h), make([]float32, maxPos*h)
	for p := range maxPos {
		for i := range h {
			s, c := sincos(float64(float32(p) * float32(invFreq[i])))
			cos[p*h+i], sin[p*h+i] = float32(c), float32(s)
		}
	}
	return cos, sin
}
