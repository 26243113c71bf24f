package defense

// Is there one mode or more? B. Silverman, JRSS B 43:97 (1981): the smallest bandwidth at which the density estimate has one
// mode, and a smoothed bootstrap of samples at that bandwidth. Unlike a comparison of variances it sees a small cluster beside a
// large one, and a skewed sample is not a split.

import (
	"math"
	"slices"

	"theriac/harness/compute"
	"theriac/harness/rng"
)

const modeGrid = 96

// OneMode is the p-value of "one mode": small where a density with one mode does not give such values. The outermost half per cent at either end is left out, for a lone row is no cluster.
func OneMode(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	s = s[len(s)/200 : len(s)-len(s)/200]
	if len(s) > 1000 { // evenly thinned: the test costs rows times bootstraps
		thin := make([]float64, 1000)
		for i := range thin {
			thin[i] = s[i*len(s)/1000]
		}
		s = thin
	}
	n := float64(len(s))
	mean, variance := 0.0, 0.0
	for _, v := range s {
		mean += v / n
	}
	for _, v := range s {
		d := v - mean
		variance += float64(d*d) / n
	}
	if len(s) < 10 || !(variance > 1e-12*mean*mean) || variance == 0 {
		return 1
	}
	low, high := 0.0, math.Sqrt(variance)*3
	for range 16 {
		if h := low/2 + high/2; oneMode(s, h) {
			high = h
		} else {
			low = h
		}
	}
	h := high
	shrink := 1 / math.Sqrt(1+float64(h*h)/variance)
	r := rng.Stream(1, "defense", "one mode")
	sample, more := make([]float64, len(s)), 0
	for range 199 {
		for i := range sample {
			sample[i] = mean + float64(shrink*(s[r.Intn(len(s))]-mean+float64(h*r.Normal())))
		}
		slices.Sort(sample)
		if !oneMode(sample, h) {
			more++
		}
	}
	return float64(1+more) / 200
}

// oneMode reports whether the normal kernel estimate of a sorted sample rises and then falls. The sample is binned.
func oneMode(s []float64, h float64) bool {
	from, to := s[0]-2*h, s[len(s)-1]+2*h
	step := (to - from) / modeGrid
	if !(step > 0) {
		return true
	}
	var bin, density [modeGrid + 1]float64
	for _, v := range s {
		at := (v - from) / step
		k := min(int(at), modeGrid-1)
		part := at - float64(k)
		bin[k] += 1 - part
		bin[k+1] += part
	}
	var kernel [modeGrid + 1]float64
	for k := range kernel {
		z := float64(k) * step / h
		kernel[k] = compute.Exp64(-z * z / 2)
	}
	for k := range density {
		for j, b := range bin {
			if b > 0 {
				density[k] += float64(b * kernel[max(k-j, j-k)])
			}
		}
	}
	top := slices.Max(density[:])
	falling := false
	for k := 1; k < len(density); k++ {
		d := density[k] - density[k-1]
		if d < -1e-9*top {
			falling = true
		} else if d > 1e-9*top && falling {
			return false
		}
	}
	return true
}
