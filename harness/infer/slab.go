package infer

import (
	"fmt"
	"os"
	"unsafe"

	"github.com/edsrzf/mmap-go"
)

// slab hands out float32 memory in order, from the heap up to a limit and from
// memory-mapped unlinked temporary files beyond it, so that the kernel may page it out.
type slab struct {
	limit int64 // bytes on the heap
	used  int64
	free  []float32
	maps  []mmap.MMap
}

const slabChunk = 16 << 20 // float32 values

func (s *slab) alloc(n int) ([]float32, error) {
	if n > len(s.free) {
		if err := s.more(max(n, min(slabChunk, max(n, int(s.used/4))))); err != nil {
			return nil, err
		}
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out, nil
}

func (s *slab) more(n int) error {
	bytes := int64(n) * 4
	if s.used+bytes <= s.limit {
		s.used += bytes
		s.free = make([]float32, n)
		return nil
	}
	f, err := os.CreateTemp("", "theriac-prefix-*")
	if err != nil {
		return fmt.Errorf("prefix cache: %w", err)
	}
	defer f.Close()
	defer os.Remove(f.Name())
	n = max(n, slabChunk)
	if err := f.Truncate(int64(n) * 4); err != nil {
		return fmt.Errorf("prefix cache: %w", err)
	}
	m, err := mmap.Map(f, mmap.RDWR, 0)
	if err != nil {
		return fmt.Errorf("prefix cache: %w", err)
	}
	s.maps = append(s.maps, m)
	s.free = unsafe.Slice((*float32)(unsafe.Pointer(&m[0])), n)
	return nil
}

func (s *slab) close() error {
	var first error
	for _, m := range s.maps {
		if err := m.Unmap(); err != nil && first == nil {
			first = err
		}
	}
	*s = slab{limit: s.limit}
	return first
}
