package data

// The permutation test of scanned against reference rows.

import (
	"fmt"
	"math"

	"theriac/analysis/stats"
	"theriac/harness/defense"
	"theriac/harness/rng"
)

// Permutations of membership with a reference.
const Permutations = 999

// evidence is a detector's groups with what the contrast says of each.
type evidence struct {
	entry    defense.Entry
	groups   []Group
	observed []float64 // deviance of each group; with a reference
	p        []float64 // joint p of each group; with a reference
}

// permutation is what the test gave.
type permutation struct {
	family        stats.Family
	statistics    []float64 // per detector, as observed
	centre, scale []float64
}

// contrast fills observed and p of every group. member[i] says that pool row i was scanned; block [rows] names strata.
func contrast(found []evidence, member []bool, block []int, alpha float64, seed uint64) (permutation, error) {
	share := shareOf(member)
	observed := make([]float64, len(found))
	for d := range found {
		e := &found[d]
		e.observed = make([]float64, len(e.groups))
		for g := range e.groups {
			rows := e.groups[g].Rows
			x := 0
			for _, i := range rows {
				if member[i] {
					x++
				}
			}
			e.observed[g] = deviance(x, len(rows), share)
			observed[d] = max(observed[d], e.observed[g])
		}
	}
	// Deviance by table: groups of one size share a row.
	table := map[int][]float64{}
	var flat [][]float64
	for d := range found {
		for g := range found[d].groups {
			m := len(found[d].groups[g].Rows)
			if table[m] == nil {
				row := make([]float64, m+1)
				for x := range row {
					row[x] = deviance(x, m, share)
				}
				table[m] = row
			}
			flat = append(flat, table[m])
		}
	}
	null := make([][]float64, Permutations)
	parallelRows(Permutations, func(b int) {
		in := shuffled(member, block, rng.Stream(seed, "defense", "permute", fmt.Sprint(b)))
		row := make([]float64, len(found))
		at := 0
		for d := range found {
			best := 0.0
			for g := range found[d].groups {
				x := 0
				for _, i := range found[d].groups[g].Rows {
					x += int(in[i])
				}
				best = max(best, flat[at][x])
				at++
			}
			row[d] = best
		}
		null[b] = row
	})
	all := append(null, observed)
	centre, scale := make([]float64, len(found)), make([]float64, len(found))
	column := make([]float64, len(all))
	for d := range found {
		for b := range all {
			column[b] = all[b][d]
		}
		centre[d], scale[d] = commonScale(column)
	}
	z := make([][]float64, len(all))
	for b := range all {
		z[b] = make([]float64, len(found))
		for d, v := range all[b] {
			if scale[d] > 0 {
				z[b][d] = (v - centre[d]) / scale[d]
			}
		}
	}
	f, err := stats.MaxT(z[Permutations], z[:Permutations], alpha)
	if err != nil {
		return permutation{}, err
	}
	// A group's p is against the largest of all detectors, in one step.
	largest := make([]float64, Permutations)
	for b := range largest {
		largest[b] = math.Inf(-1)
		for _, v := range z[b] {
			largest[b] = max(largest[b], v)
		}
	}
	for d := range found {
		e := &found[d]
		e.p = make([]float64, len(e.groups))
		for g := range e.groups {
			e.p[g] = 1
			if scale[d] == 0 || e.observed[g] == 0 {
				continue
			}
			v, beyond := (e.observed[g]-centre[d])/scale[d], 0
			if v <= 0 {
				continue
			}
			for _, l := range largest {
				if l >= v {
					beyond++
				}
			}
			e.p[g] = float64(1+beyond) / (Permutations + 1)
		}
	}
	return permutation{family: f, statistics: observed, centre: centre, scale: scale}, nil
}

// commonScale is the median, and the larger of MAD and standard deviation: a detector with few groups has few
// values, its MAD can be next to nothing, and its ordinary values would then outshine every other detector.
func commonScale(values []float64) (centre, scale float64) {
	centre, scale = defense.CentreScale(values)
	squares := 0.0
	for _, v := range values {
		d := v - centre
		squares += float64(d * d)
	}
	return centre, max(1.4826*scale, math.Sqrt(squares/float64(len(values))))
}

func shareOf(member []bool) float64 {
	n := 0
	for _, m := range member {
		if m {
			n++
		}
	}
	return float64(n) / float64(max(1, len(member)))
}

// shuffled permutes membership, within blocks if there are any.
func shuffled(member []bool, block []int, r *rng.Rand) []byte {
	in := make([]byte, len(member))
	for i, m := range member {
		if m {
			in[i] = 1
		}
	}
	if block == nil {
		r.Shuffle(len(in), func(i, j int) { in[i], in[j] = in[j], in[i] })
		return in
	}
	of := map[int][]int32{}
	most := 0
	for i, b := range block {
		of[b] = append(of[b], int32(i))
		most = max(most, b)
	}
	for b := range most + 1 {
		rows := of[b]
		r.Shuffle(len(rows), func(i, j int) { in[rows[i]], in[rows[j]] = in[rows[j]], in[rows[i]] })
	}
	return in
}

// strata numbers sources, if every source of the scanned rows is also in the reference and at least 20 are; else nil.
func strata(source []string, member []bool) (block []int, n int) {
	scanned, reference := map[string]bool{}, map[string]bool{}
	for i, s := range source {
		if member[i] {
			scanned[s] = true
		} else {
			reference[s] = true
		}
	}
	for s := range scanned {
		if !reference[s] {
			return nil, 0
		}
	}
	if len(scanned) < 20 {
		return nil, 0
	}
	number := map[string]int{}
	for _, s := range source {
		k, ok := number[s]
		if !ok {
			k = len(number)
			number[s] = k
		}
		block = append(block, k)
	}
	return block, len(scanned)
}
