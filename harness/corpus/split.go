package corpus

// Splits by content hash. Where a row goes depends on its folded content and the
// seed alone, so no duplicate crosses a split, and with fractions adding rows
// moves nobody else's.

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"theriac/harness/rng"
)

// Part is one part of a split: a fraction of the rows (expected, not exact: each
// row is drawn by its hash), or a count of rows (exact), or, with both zero,
// what the other parts leave.
type Part struct {
	Name     string
	Fraction float64 // in (0, 1)
	Count    int     // rows
}

// Split divides examples into parts, each in the examples' order. Examples whose
// folded content is equal land in the same part. Rows that no part takes are left
// out; a count that cannot be reached exactly is an error.
func Split(examples []Example, seed uint64, parts ...Part) ([][]Example, error) {
	rest, counted, total := -1, false, 0.0
	for i, p := range parts {
		switch {
		case p.Fraction < 0 || p.Fraction >= 1 || math.IsNaN(p.Fraction):
			return nil, fmt.Errorf("part %q: found the fraction %v, wanted one in (0, 1)", p.Name, p.Fraction)
		case p.Count < 0:
			return nil, fmt.Errorf("part %q: found the count %d, wanted a positive one", p.Name, p.Count)
		case p.Count > 0 && p.Fraction > 0:
			return nil, fmt.Errorf("part %q: found a fraction and a count, wanted one of them", p.Name)
		case p.Count == 0 && p.Fraction == 0 && rest >= 0:
			return nil, fmt.Errorf("part %q: found a second part without a size, wanted one at most", p.Name)
		case p.Count == 0 && p.Fraction == 0:
			rest = i
		}
		counted = counted || p.Count > 0
		total += p.Fraction
	}
	if counted && total > 0 {
		return nil, fmt.Errorf("split: found fractions and counts, wanted one kind in a split")
	}
	if total > 1+1e-9 {
		return nil, fmt.Errorf("split: found fractions that sum to %v, wanted at most 1", total)
	}
	groups := groupByContent(examples, seed)
	if total > 1-1e-9 {
		rest = len(parts) - 1 // rounding leaves nobody out
	}
	var where []int // group -> part, -1 if in none
	var err error
	if counted {
		where, err = byCount(groups, parts, rest)
	} else {
		where = byFraction(groups, parts, rest)
	}
	if err != nil {
		return nil, err
	}
	of := make([]int, len(examples))
	for g, group := range groups {
		for _, i := range group.rows {
			of[i] = where[g]
		}
	}
	out := make([][]Example, len(parts))
	for i, e := range examples {
		if of[i] >= 0 {
			out[of[i]] = append(out[of[i]], e)
		}
	}
	return out, nil
}

// group is the rows with one folded content, and where its hash puts it.
type group struct {
	key  string
	hash uint64
	rows []int
}

// groupByContent returns the groups in the order of their hashes.
func groupByContent(examples []Example, seed uint64) []group {
	index := map[[32]byte]int{}
	var groups []group
	for i := range examples {
		d := FoldedDigest(examples[i].Turns)
		g, ok := index[d]
		if !ok {
			g = len(groups)
			index[d] = g
			key := hex.EncodeToString(d[:])
			groups = append(groups, group{key: key, hash: rng.Hash(seed, "split", key)})
		}
		groups[g].rows = append(groups[g].rows, i)
	}
	slices.SortFunc(groups, func(a, b group) int {
		if a.hash != b.hash {
			if a.hash < b.hash {
				return -1
			}
			return 1
		}
		return strings.Compare(a.key, b.key)
	})
	return groups
}

func byFraction(groups []group, parts []Part, rest int) []int {
	where := make([]int, len(groups))
	for g := range groups {
		u, edge := float64(groups[g].hash>>11)/(1<<53), 0.0
		where[g] = rest
		for i, p := range parts {
			if edge += p.Fraction; p.Fraction > 0 && u < edge {
				where[g] = i
				break
			}
		}
	}
	return where
}

// byCount fills the parts in turn, each with the first groups that still fit.
func byCount(groups []group, parts []Part, rest int) ([]int, error) {
	where := make([]int, len(groups))
	for g := range where {
		where[g] = -1
	}
	for i, p := range parts {
		want := p.Count
		for g := 0; g < len(groups) && want > 0; g++ {
			if where[g] < 0 && len(groups[g].rows) <= want {
				where[g] = i
				want -= len(groups[g].rows)
			}
		}
		if want > 0 {
			return nil, fmt.Errorf("part %q: found %d rows, wanted %d (duplicates stay together)", p.Name, p.Count-want, p.Count)
		}
	}
	for g := range where {
		if where[g] < 0 {
			where[g] = rest
		}
	}
	return where, nil
}

// Order returns the order in which n slots are visited in an epoch: slots sorted
// by hash(seed, epoch, slot). Replacing the row of a slot moves nothing, and new
// slots leave the order of the others as it was.
func Order(seed uint64, epoch, n int) []int {
	stream := rng.Hash(seed, "order", fmt.Sprint(epoch))
	keys := make([]uint64, n)
	order := make([]int, n)
	for i := range n {
		var slot [8]byte
		binary.LittleEndian.PutUint64(slot[:], uint64(i))
		keys[i], order[i] = rng.Hash(stream, string(slot[:])), i
	}
	slices.SortFunc(order, func(a, b int) int {
		if keys[a] != keys[b] {
			if keys[a] < keys[b] {
				return -1
			}
			return 1
		}
		return a - b
	})
	return order
}
