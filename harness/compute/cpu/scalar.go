package cpu

import "math"

// fma32 is the correctly rounded a*b+c: the product is exact in float64, the sum is
// rounded to odd there, and rounding that to float32 cannot round twice
// (Boldo and Melquiond, 2008).
func fma32(a, b, c float32) float32 {
	p := float64(float64(a) * float64(b)) // exact, and not fused below on any architecture
	q := float64(c)
	s := p + q
	if s == 0 || math.IsInf(s, 0) || math.IsNaN(s) {
		return float32(s)
	}
	// The exact error of the sum (Knuth's TwoSum).
	bb := s - p
	e := (p - (s - bb)) + (q - bb)
	if e != 0 {
		bits := math.Float64bits(s)
		if bits&1 == 0 {
			if (e > 0) == (s > 0) {
				bits++
			} else {
				bits--
			}
			s = math.Float64frombits(bits)
		}
	}
	return float32(s)
}

// Constants of exp32: Cephes expf (Moshier), without fused operations.
const (
	expLo = -87.3
	expHi = 88.3
	log2e = 1.44269504088896341
	ln2a  = 0.693359375
	ln2b  = -2.12194440e-4
	expP0 = 1.9875691500e-4
	expP1 = 1.3981999507e-3
	expP2 = 8.3334519073e-3
	expP3 = 4.1665795894e-2
	expP4 = 1.6666665459e-1
	expP5 = 5.0000001201e-1
)

// exp32 is e to the x in float32: 0 below -87.3, e to 88.3 above 88.3. The relative error is below 2e-7.
func exp32(x float32) float32 {
	if x != x {
		return x
	}
	if x < expLo {
		return 0
	}
	if x > expHi {
		x = expHi
	}
	n := float32(math.RoundToEven(float64(float32(x * log2e))))
	r := x - float32(n*ln2a)
	r = r - float32(n*ln2b)
	p := float32(float32(expP0)*r) + expP1
	p = float32(p*r) + expP2
	p = float32(p*r) + expP3
	p = float32(p*r) + expP4
	p = float32(p*r) + expP5
	y := float32(float32(p*r)*r) + r
	y = y + 1
	return float32(y * math.Float32frombits(uint32(int32(n)+127)<<23))
}

// fold adds up eight lanes in the contract's order.
func fold(l *lanes) float32 {
	return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}
