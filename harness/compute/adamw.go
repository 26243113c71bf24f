package compute

import "math"

// AdamWConstants are what an AdamW step multiplies by, rounded to float32 once.
type AdamWConstants struct {
	B1C, B2, B2C float32 // 1-beta1, beta2, 1-beta2
	RC2          float32 // 1/sqrt(1-beta2^t)
	Eps          float32
	Keep         float32 // 1 - lr*decay
	Step         float32 // lr/(1-beta1^t)
}

// Constants are the step's, the same on every platform.
func (o AdamW) Constants() AdamWConstants {
	c1, c2 := 1-float64(power(o.Beta1, o.Step)), 1-float64(power(o.Beta2, o.Step))
	return AdamWConstants{
		B1C: float32(1 - o.Beta1), B2: float32(o.Beta2), B2C: float32(1 - o.Beta2), RC2: float32(1 / math.Sqrt(c2)), Eps: float32(o.Eps),
		Keep: float32(1 - float64(o.LR*o.WeightDecay)), Step: float32(o.LR / c1),
	}
}

// power is b to the n by repeated multiplication.
func power(b float64, n int) float64 {
	r := 1.0
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			r *= b
		}
		b *= b
	}
	return r
}
