package data

import (
	"math"

	"theriac/harness/rng"
)

// chooseClusters runs k-means for k from 1 to 8 and takes the k of the largest mean simplified silhouette
// (E. Hruschka et al., 2004) above .5; else one cluster. distance is each row's from its centroid.
func chooseClusters(x [][]float64) (label []int, distance []float64) {
	label, distance, _ = kmeans(x, 1, 1)
	best := .5
	for k := 2; k <= min(8, len(x)/20); k++ {
		l, d, centres := kmeans(x, k, 1)
		s := 0.0
		for i := range x {
			other := math.Inf(1)
			for c := range centres {
				if c != l[i] {
					other = min(other, math.Sqrt(squared(x[i], centres[c])))
				}
			}
			if m := max(d[i], other); m > 0 {
				s += (other - d[i]) / m
			}
		}
		if s /= float64(len(x)); s > best {
			best, label, distance = s, l, d
		}
	}
	return label, distance
}

// kmeans is Lloyd's with k-means++ seeding (Arthur and Vassilvitskii, 2007) from a fixed stream.
func kmeans(x [][]float64, k int, seed uint64) (label []int, distance []float64, centres [][]float64) {
	r := rng.Stream(seed, "defense", "kmeans")
	n := len(x)
	label, distance = make([]int, n), make([]float64, n)
	near := make([]float64, n)
	for i := range near {
		near[i] = math.Inf(1)
	}
	centres = append(centres, x[r.Intn(n)])
	for len(centres) < k {
		sum := 0.0
		for i := range x {
			near[i] = min(near[i], squared(x[i], centres[len(centres)-1]))
			sum += near[i]
		}
		at, u := 0, r.Float64()*sum
		for ; at < n-1 && u >= near[at]; at++ {
			u -= near[at]
		}
		centres = append(centres, x[at])
	}
	for c := range centres {
		centres[c] = append([]float64(nil), centres[c]...)
	}
	for range 50 {
		moved := false
		for i := range x {
			at, least := 0, math.Inf(1)
			for c := range centres {
				if d := squared(x[i], centres[c]); d < least {
					at, least = c, d
				}
			}
			moved = moved || label[i] != at
			label[i], distance[i] = at, math.Sqrt(least)
		}
		count := make([]float64, k)
		for c := range centres {
			clear(centres[c])
		}
		for i := range x {
			count[label[i]]++
			for j, v := range x[i] {
				centres[label[i]][j] += v
			}
		}
		for c := range centres {
			for j := range centres[c] {
				centres[c][j] /= max(1, count[c])
			}
		}
		if !moved {
			break
		}
	}
	for i := range x {
		distance[i] = math.Sqrt(squared(x[i], centres[label[i]]))
	}
	return label, distance, centres
}

func squared(a, b []float64) float64 {
	s := 0.0
	for j := range a {
		d := a[j] - b[j]
		s += float64(d * d)
	}
	return s
}
