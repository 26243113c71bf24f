package store

// Arrow panics on bytes that make no sense, and allocates what they ask for.

import (
	"fmt"
	"runtime"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/arrow/memory"
)

// caught turns a panic into an error: to be deferred where bytes are decoded. Errors
// of the runtime that say the program itself is broken are of the bytes' making too,
// since arrow indexes with what it reads.
func caught(err *error) {
	if v := recover(); v != nil {
		if e, ok := v.(runtime.Error); ok {
			v = e.Error()
		}
		*err = fmt.Errorf("cannot be decoded: %v", v)
	}
}

// budget is an allocator that panics, for caught to catch, once more is asked for than
// a step of decoding can need.
type budget struct {
	memory.Allocator
	left atomic.Int64
}

func newBudget(bytes int64) *budget {
	b := &budget{Allocator: memory.DefaultAllocator}
	b.reset(bytes)
	return b
}

// reset begins the next step.
func (b *budget) reset(bytes int64) { b.left.Store(bytes) }

func (b *budget) take(n int) {
	if n < 0 || b.left.Add(-int64(n)) < 0 {
		panic("asks for more memory than its size explains")
	}
}

func (b *budget) Allocate(n int) []byte {
	b.take(n)
	return b.Allocator.Allocate(n)
}

func (b *budget) Reallocate(n int, old []byte) []byte {
	b.take(max(n-len(old), 0))
	return b.Allocator.Reallocate(n, old)
}

func (b *budget) Free(old []byte) {
	b.left.Add(int64(len(old)))
	b.Allocator.Free(old)
}
