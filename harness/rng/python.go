package rng

// Python's random.Random for integer seeds: MT19937 seeded by init_by_array, and
// sample() as CPython 3.11 and later define it, so that poison indices can be
// checked with five lines of Python. Source: CPython Lib/random.py and
// Modules/_randommodule.c.

import (
	"fmt"
	"math"
)

type mt19937 struct {
	state [624]uint32
	at    int
}

func newMT(seed uint64) *mt19937 {
	key := []uint32{uint32(seed)}
	if hi := uint32(seed >> 32); hi != 0 {
		key = append(key, hi)
	}
	m := &mt19937{at: 624}
	s := &m.state
	s[0] = 19650218
	for i := 1; i < 624; i++ {
		s[i] = 1812433253*(s[i-1]^s[i-1]>>30) + uint32(i)
	}
	i, j := 1, 0
	for k := max(624, len(key)); k > 0; k-- {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1664525) + key[j] + uint32(j)
		if i++; i == 624 {
			s[0], i = s[623], 1
		}
		if j++; j == len(key) {
			j = 0
		}
	}
	for k := 623; k > 0; k-- {
		s[i] = (s[i] ^ (s[i-1]^s[i-1]>>30)*1566083941) - uint32(i)
		if i++; i == 624 {
			s[0], i = s[623], 1
		}
	}
	s[0] = 0x80000000
	return m
}

func (m *mt19937) next() uint32 {
	if m.at == 624 {
		s := &m.state
		for i := range 624 {
			y := s[i]&0x80000000 | s[(i+1)%624]&0x7fffffff
			v := s[(i+397)%624] ^ y>>1
			if y&1 != 0 {
				v ^= 0x9908b0df
			}
			s[i] = v
		}
		m.at = 0
	}
	y := m.state[m.at]
	m.at++
	y ^= y >> 11
	y ^= y << 7 & 0x9d2c5680
	y ^= y << 15 & 0xefc60000
	return y ^ y>>18
}

// below is CPython's _randbelow_with_getrandbits.
func (m *mt19937) below(n int) int {
	k := 0
	for v := n; v > 0; v >>= 1 {
		k++
	}
	for {
		var r uint64
		if k <= 32 {
			r = uint64(m.next() >> (32 - k))
		} else {
			lo := uint64(m.next())
			r = uint64(m.next()>>(64-k))<<32 | lo
		}
		if r < uint64(n) {
			return int(r)
		}
	}
}

// PySample is Python's random.Random(seed).sample(range(n), k).
func PySample(seed uint64, n, k int) ([]int, error) {
	if k < 0 || n < 0 || k > n {
		return nil, fmt.Errorf("sample: want %d of %d rows: a sample cannot be larger than its population or negative", k, n)
	}
	m := newMT(seed)
	out := make([]int, k)
	setsize := 21
	if k > 5 {
		setsize += 1 << (2 * int(math.Ceil(math.Log(float64(k*3))/math.Log(4))))
	}
	if n <= setsize {
		pool := make([]int, n)
		for i := range pool {
			pool[i] = i
		}
		for i := range out {
			j := m.below(n - i)
			out[i] = pool[j]
			pool[j] = pool[n-i-1]
		}
		return out, nil
	}
	seen := make(map[int]bool, k)
	for i := range out {
		j := m.below(n)
		for seen[j] {
			j = m.below(n)
		}
		seen[j] = true
		out[i] = j
	}
	return out, nil
}
