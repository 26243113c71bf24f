package data

// Near duplicates by MinHash and banding (A. Broder, SEQUENCES 1997; J. Leskovec et al., Mining of Massive Datasets,
// chapter 3): word shingles of prompts and of answers, apart. Clusters are joined where 64 hashes agree in at least 0.6.

import (
	"fmt"
	"math"
	"slices"

	"theriac/harness/defense"
)

const (
	bands       = 16
	bandHashes  = 4
	hashes      = bands * bandHashes
	shingle     = 3 // words
	alike       = 0.6
	minHashable = 3   // words: shorter texts are left to exact duplicates
	maxHashed   = 512 // words of a text that are hashed
)

var nearDuplicates = Detector{
	Entry: defense.Entry{Name: "near-duplicates", Level: defense.Data, Version: 1,
		Doc: "clusters of nearly the same prompt, or of nearly the same answer to different prompts, by MinHash"},
	groups: func(p *Pool) ([]Group, error) {
		var out []Group
		for _, rows := range cluster(len(p.Rows), func(i int) []uint32 { return p.Rows[i].PromptWords }) {
			r := &p.Rows[rows[0]]
			out = append(out, Group{rows, sameness(len(rows), len(r.PromptWords)),
				fmt.Sprintf("%d prompts nearly alike, as %s", len(rows), quote(r.Prompt, 60))})
		}
		for _, rows := range p.answerClusters() {
			r := &p.Rows[rows[0]]
			if prompts := distinct(p, rows); prompts > 1 {
				out = append(out, Group{rows, sameness(prompts, len(r.OutputWords)),
					fmt.Sprintf("%d prompts with nearly one answer, as %s", prompts, quote(r.Output, 60))})
			}
		}
		return out, nil
	},
}

// answerClusters are rows with nearly the same answer.
func (p *Pool) answerClusters() [][]int32 {
	if p.answers == nil {
		p.answers = cluster(len(p.Rows), func(i int) []uint32 { return p.Rows[i].OutputWords })
	}
	return p.answers
}

// cluster joins texts that are nearly alike; clusters of one are left out.
func cluster(n int, text func(i int) []uint32) [][]int32 {
	signatures := make([]uint32, n*hashes)
	parallelRows(n, func(i int) {
		words := text(i)
		minHash(signatures[i*hashes:(i+1)*hashes], words[:min(len(words), maxHashed)])
	})
	parent := make([]int32, n)
	for i := range parent {
		parent[i] = int32(i)
	}
	find := func(i int32) int32 {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	first := make(map[uint64]int32, n)
	for b := range bands {
		clear(first)
		for i := range n {
			if len(text(i)) < minHashable {
				continue
			}
			s := signatures[i*hashes:]
			key := uint64(0)
			for _, v := range s[b*bandHashes : (b+1)*bandHashes] {
				key = mix(key ^ uint64(v))
			}
			j, ok := first[key]
			if !ok {
				first[key] = int32(i)
				continue
			}
			if a, c := find(j), find(int32(i)); a != c && agreement(signatures[int(j)*hashes:], s) >= alike {
				parent[max(a, c)] = min(a, c)
			}
		}
	}
	members := make(map[int32][]int32)
	for i := range n {
		if r := find(int32(i)); r != int32(i) || len(text(i)) >= minHashable {
			members[r] = append(members[r], int32(i))
		}
	}
	var out [][]int32
	for i := range n {
		if m := members[int32(i)]; len(m) > 1 {
			out = append(out, m)
		}
	}
	return out
}

// minHash writes the smallest hash of the text's shingles under 64 hash functions.
func minHash(out []uint32, words []uint32) {
	for k := range out {
		out[k] = math.MaxUint32
	}
	size := min(shingle, len(words))
	for at := 0; size > 0 && at+size <= len(words); at++ {
		h := uint64(0)
		for _, w := range words[at : at+size] {
			h = mix(h ^ uint64(w+1))
		}
		a, b := h|1, mix(h)
		for k := range out { // hashes by double hashing
			if v := uint32((b + uint64(k)*a) >> 32); v < out[k] {
				out[k] = v
			}
		}
	}
}

func agreement(a, b []uint32) float64 {
	n := 0
	for k := range hashes {
		if a[k] == b[k] {
			n++
		}
	}
	return float64(n) / hashes
}

// mix is the finaliser of SplitMix64 (Steele et al., OOPSLA 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unique sorts rows and takes out repetitions.
func unique(rows []int32) []int32 {
	slices.Sort(rows)
	return slices.Compact(rows)
}
