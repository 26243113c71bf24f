package corpus

// Pools keep evidence honest: what is tuned on development rows is calibrated and
// judged on rows it has never seen. A row's pool is a function of its folded
// content; a run's pool is a function of its seed.

import (
	"encoding/hex"
	"fmt"

	"theriac/harness/rng"
)

// Pool is one of three disjoint sets of rows and seeds.
type Pool int

// The pools, with their seeds and their expected share of rows.
const (
	Development Pool = iota // seeds 0 to 999, 1/4
	Calibration             // seeds 1000 to 1999, 3/8
	Evaluation              // seeds from 2000 on, 3/8
)

func (p Pool) String() string {
	if p < Development || p > Evaluation {
		return fmt.Sprintf("pool %d", int(p))
	}
	return [...]string{"development", "calibration", "evaluation"}[p]
}

// PoolOfSeed returns the pool to which runs with this seed belong.
func PoolOfSeed(seed uint64) Pool {
	switch {
	case seed < 1000:
		return Development
	case seed < 2000:
		return Calibration
	}
	return Evaluation
}

// PoolOf returns the pool of a row as it was read: ask before an attack changes it.
func PoolOf(e *Example) Pool {
	d := FoldedDigest(e.Turns)
	switch h := rng.Hash(0, "pool", hex.EncodeToString(d[:])) >> 61; { // 0 to 7
	case h < 2:
		return Development
	case h < 5:
		return Calibration
	}
	return Evaluation
}

// In returns the examples of the pool, in their order.
func (p Pool) In(examples []Example) []Example {
	var out []Example
	for i := range examples {
		if PoolOf(&examples[i]) == p {
			out = append(out, examples[i])
		}
	}
	return out
}
