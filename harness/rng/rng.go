// Package rng derives every random number of theriac from a seed and a name.
// A stream is ChaCha8 (math/rand/v2, whose output Go promises to keep) keyed by
// SHA-256 of seed and names, so adding a consumer moves nobody else's
// numbers. Everything drawn is integer arithmetic or exactly rounded, hence the
// same on every platform.
package rng

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"math/rand/v2"
)

// Rand is one named stream.
type Rand struct{ src *rand.ChaCha8 }

// Stream returns the stream of seed that bears the names.
func Stream(seed uint64, names ...string) *Rand {
	return &Rand{rand.NewChaCha8(digest(seed, names))}
}

// Hash is a 64-bit key from a seed and names: the first word of the
// digest that would key the stream.
func Hash(seed uint64, names ...string) uint64 {
	d := digest(seed, names)
	return binary.LittleEndian.Uint64(d[:])
}

func digest(seed uint64, names []string) [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "theriac/rng/1\x00%d", seed)
	for _, n := range names {
		fmt.Fprintf(h, "\x00%d:%s", len(n), n)
	}
	var d [32]byte
	h.Sum(d[:0])
	return d
}

// Uint64 returns 64 random bits.
func (r *Rand) Uint64() uint64 { return r.src.Uint64() }

// Intn returns a uniform integer in [0, n) (Lemire's method, without bias); n must be positive.
func (r *Rand) Intn(n int) int {
	if n <= 0 {
		panic("rng: Intn of a non-positive number")
	}
	m := uint64(n)
	hi, lo := bits.Mul64(r.Uint64(), m)
	if lo < m {
		for t := -m % m; lo < t; {
			hi, lo = bits.Mul64(r.Uint64(), m)
		}
	}
	return int(hi)
}

// Float64 returns a uniform value in [0, 1) with 53 bits.
func (r *Rand) Float64() float64 { return float64(r.Uint64()>>11) / (1 << 53) }

// Float32 returns a uniform value in [0, 1) with 24 bits.
func (r *Rand) Float32() float32 { return float32(r.Uint64()>>40) / (1 << 24) }

// Normal returns a nearly normal value of mean 0 and variance 1: the sum of
// twelve uniforms less six (Irwin-Hall), which is exact in float64 and therefore
// the same everywhere. Its tails end at ±6.
func (r *Rand) Normal() float64 {
	s := int64(0)
	for range 12 {
		s += int64(r.Uint64() >> 12) // 52 bits, sum below 2^56
	}
	return float64(s)/(1<<52) - 6
}

// Perm returns a random permutation of [0, n).
func (r *Rand) Perm(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	r.Shuffle(n, func(i, j int) { p[i], p[j] = p[j], p[i] })
	return p
}

// Shuffle is Fisher and Yates's, from the end.
func (r *Rand) Shuffle(n int, swap func(i, j int)) {
	for i := n - 1; i > 0; i-- {
		swap(i, r.Intn(i+1))
	}
}
