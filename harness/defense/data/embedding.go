package data

// Detectors on the language model's hidden states. None of them splits because it must: clusters are as many as the data
// show, and a split that a normal sample would also show is none.

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"theriac/harness/defense"
)

var embeddingDistance = Detector{
	Entry: defense.Entry{Name: "embedding-distance", Level: defense.Data, Version: 1, Needs: NeedsBase,
		Doc: "distance of a row's mean hidden state from its cluster's centroid (k-means, k by the silhouette of a sample), and clusters themselves"},
	groups: func(p *Pool) ([]Group, error) {
		v, err := p.model()
		if err != nil {
			return nil, err
		}
		x := v.scaled(6)
		if x == nil {
			return nil, nil
		}
		label, distance := chooseClusters(x)
		out := tails(distance, true, false, "distance from the cluster's centroid")
		for k := range 1 + slices.Max(label) {
			var rows []int32
			for i, l := range label {
				if l == k {
					rows = append(rows, int32(i))
				}
			}
			if len(rows) >= 5 && len(rows) <= len(label)/2 {
				out = append(out, Group{Rows: rows, Reason: fmt.Sprintf("one of %d clusters of hidden states, %d rows", 1+slices.Max(label), len(rows))})
			}
		}
		return out, nil
	},
}

var spectral = Detector{
	Entry: defense.Entry{Name: "spectral", Level: defense.Data, Version: 1, Needs: NeedsBase,
		Doc: "spectral signatures (Tran et al., NeurIPS 2018), centred: squared projection on the first singular directions of the answers' hidden states, squared and by sign"},
	groups: func(p *Pool) ([]Group, error) { return signatures(p, true) },
}

var spectralUncentred = Detector{
	Entry: defense.Entry{Name: "spectral-uncentred", Level: defense.Data, Version: 1, Needs: NeedsBase,
		Doc: "spectral signatures without centring, as some published code has it: for comparison, run only by name"},
	groups: func(p *Pool) ([]Group, error) { return signatures(p, false) },
}

func signatures(p *Pool, centred bool) ([]Group, error) {
	v, err := p.model()
	if err != nil {
		return nil, err
	}
	proj := v.project(3, centred)
	var out []Group
	for k := range proj {
		square := make([]float64, len(proj[k]))
		for i, s := range proj[k] {
			square[i] = s * s
		}
		out = append(out, tails(square, true, false, fmt.Sprintf("squared projection on singular direction %d", k+1))...)
		out = append(out, tails(proj[k], true, true, fmt.Sprintf("projection on singular direction %d", k+1))...)
	}
	return out, nil
}

// project gives each row's coordinate along the first k right singular vectors, by the SVD of the [D, D] second-moment matrix.
func (v *vectors) project(k int, centred bool) [][]float64 {
	n, d := len(v.whole), v.d
	mean := make([]float64, d)
	if centred {
		for i := range n {
			for c := range d {
				mean[c] += float64(v.hidden[i*d+c]) / float64(n)
			}
		}
	}
	moment := make([]float64, d*d)
	row := make([]float64, d)
	for i := range n {
		for c := range d {
			row[c] = float64(v.hidden[i*d+c]) - mean[c]
		}
		for a := range d {
			ra, m := row[a], moment[a*d:(a+1)*d]
			for b := range m {
				m[b] += float64(ra * row[b])
			}
		}
	}
	var svd mat.SVD
	if !svd.Factorize(mat.NewDense(d, d, moment), mat.SVDThin) {
		return nil
	}
	values := svd.Values(nil)
	var u mat.Dense
	svd.UTo(&u)
	var out [][]float64
	for j := 0; j < min(k, d) && values[j] > 1e-9*float64(n); j++ {
		s := make([]float64, n)
		for i := range n {
			for c := range d {
				s[i] += float64((float64(v.hidden[i*d+c]) - mean[c]) * u.At(c, j))
			}
		}
		out = append(out, s)
	}
	return out
}

// scaled is [rows][k]: the rows' first k principal coordinates, each brought to variance one; nil if nothing varies.
func (v *vectors) scaled(k int) [][]float64 {
	proj := v.project(k, true)
	if len(proj) == 0 {
		return nil
	}
	n := len(v.whole)
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, len(proj))
	}
	for j, s := range proj {
		sum := 0.0
		for _, x := range s {
			sum += float64(x * x)
		}
		sd := math.Sqrt(sum / float64(n))
		for i, x := range s {
			out[i][j] = x / sd
		}
	}
	return out
}

var activationClusters = Detector{
	Entry: defense.Entry{Name: "activation-clusters", Level: defense.Data, Version: 1, Needs: NeedsBase,
		Doc: "activation clustering (Chen et al., 2018): two clusters along each principal direction in which a test finds more than one mode"},
	groups: func(p *Pool) ([]Group, error) {
		v, err := p.model()
		if err != nil {
			return nil, err
		}
		if len(p.Rows) < 40 {
			return nil, nil
		}
		var out []Group
		for k, along := range v.project(6, true) {
			p1 := defense.OneMode(along)
			if p1 > 0.01 {
				continue
			}
			x := make([][]float64, len(along))
			for i, s := range along {
				x[i] = []float64{s}
			}
			label, _, _ := kmeans(x, 2, 1)
			var parts [2][]int32
			for i, l := range label {
				parts[l] = append(parts[l], int32(i))
			}
			s := parts[0]
			if len(parts[1]) < len(s) {
				s = parts[1]
			}
			out = append(out, Group{s, 1 - float64(len(s))/float64(len(x)),
				fmt.Sprintf("the smaller of two clusters of hidden states along direction %d, %d of %d rows", k+1, len(s), len(x))})
		}
		return out, nil
	},
}
