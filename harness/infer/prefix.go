package infer

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"

	"theriac/harness/compute"
)

// Prefix holds the hidden states that the frozen layers below Layer give, once per
// distinct sequence, for all runs, epochs and evaluations on one base. They are
// computed by frozen layers alone, so every run finds the bits it would have
// computed itself. It is safe for concurrent use.
type Prefix struct {
	Layer int

	mu   sync.Mutex
	slab slab
	rows map[[16]byte][]float32 // digest of the tokens -> [len-1, D]
}

// NewPrefix caches the states below the given layer. Beyond memory bytes they
// go to a memory-mapped temporary file. Close releases both.
func NewPrefix(layer int, memory int64) *Prefix {
	return &Prefix{Layer: layer, slab: slab{limit: memory}, rows: map[[16]byte][]float32{}}
}

// Close releases the memory; no runner may use the prefix afterwards.
func (p *Prefix) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows = nil
	return p.slab.close()
}

func prefixKey(ids []int32) (k [16]byte) {
	h := sha256.New()
	var b [4]byte
	for _, id := range ids {
		binary.LittleEndian.PutUint32(b[:], uint32(id))
		h.Write(b[:])
	}
	copy(k[:], h.Sum(nil))
	return k
}

// load copies the states of every packed sequence into x and reports whether all were there.
func (p *Prefix) load(dev compute.Device, x compute.View, b *Batch) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	var ids []int32
	for i, s := range b.Seqs {
		ids = b.whole(ids[:0], i)
		have := p.rows[prefixKey(ids)]
		if have == nil {
			return false
		}
		copy(x.Slice(s.Start, s.Start+s.N).Data, have[b.past(i)*x.Cols:])
	}
	dev.Push(x.Data[:x.Rows*x.Stride])
	return true
}

// store keeps the states x of every packed sequence that is not there yet.
func (p *Prefix) store(dev compute.Device, x compute.View, b *Batch) error {
	dev.Pull(x.Data[:x.Rows*x.Stride])
	p.mu.Lock()
	defer p.mu.Unlock()
	var ids []int32
	for i, s := range b.Seqs {
		ids = b.whole(ids[:0], i)
		key := prefixKey(ids)
		if p.rows[key] != nil {
			continue
		}
		mem, err := p.slab.alloc(len(ids) * x.Cols)
		if err != nil {
			return err
		}
		past := b.past(i)
		copy(mem, x.Slice(0, past).Data)
		copy(mem[past*x.Cols:], x.Slice(s.Start, s.Start+s.N).Data)
		p.rows[key] = mem
	}
	return nil
}
