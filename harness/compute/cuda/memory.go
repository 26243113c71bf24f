package cuda

import (
	"fmt"
	"runtime"
	"slices"
	"sort"
	"unsafe"

	"theriac/harness/compute"
)

// span is a piece of device memory and its mirror in the host's address space.
type span struct {
	mirror []byte
	host   uintptr
	dev    uintptr
}

// chunk is a span that a device cuts its allocations from.
type chunk struct {
	span
	used int
}

const (
	leastChunk = 32 << 20
	grain      = 256 // bytes on which allocations begin
)

// Alloc is compute.Device's.
func (d *Device) Alloc(n int) []float32 {
	if n == 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	bytes := (4*n + grain - 1) / grain * grain
	c := d.room(bytes)
	p := unsafe.Pointer(&c.mirror[c.used])
	c.used += bytes
	return unsafe.Slice((*float32)(p), n)
}

// room is a chunk with that many bytes to spare.
func (d *Device) room(bytes int) *chunk {
	for _, c := range d.chunks {
		if len(c.mirror)-c.used >= bytes {
			return c
		}
	}
	size := max(bytes, min(leastChunk, int(d.gpu.Memory/64)))
	c := &chunk{}
	defer d.gpu.enter()()
	d.gpu.collect()
	d.gpu.must("cuMemAlloc", d.gpu.api.cuMemAlloc(&c.dev, uintptr(size)))
	var err error
	if c.mirror, err = reserve(size); err != nil {
		d.gpu.api.cuMemFree(c.dev)
		panic(&compute.Fault{Err: fmt.Errorf("cuda: %w: %w", compute.ErrMemory, err)})
	}
	c.host = uintptr(unsafe.Pointer(&c.mirror[0]))
	d.chunks = append(d.chunks, c)
	d.gpu.register(c.span)
	d.gpu.must("cuMemsetD8Async", d.gpu.api.cuMemsetD8Async(c.dev, 0, uintptr(size), d.gpu.stream))
	d.gpu.must("cuStreamSynchronize", d.gpu.api.cuStreamSynchronize(d.gpu.stream))
	return c
}

// register adds a span to those by which slices are found.
func (g *GPU) register(s span) {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := append(slices.Clone(*g.spans.Load()), s)
	sort.Slice(all, func(i, j int) bool { return all[i].host < all[j].host })
	g.spans.Store(&all)
}

func (g *GPU) unregister(s span) {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := slices.DeleteFunc(slices.Clone(*g.spans.Load()), func(o span) bool { return o.host == s.host })
	g.spans.Store(&all)
}

// find is the device address of a slice, if it has one.
func (g *GPU) find(x []float32) (p uintptr, ok bool) {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(x)))
	all := *g.spans.Load()
	i := sort.Search(len(all), func(i int) bool { return all[i].host > at }) - 1
	if i < 0 || at >= all[i].host+uintptr(len(all[i].mirror)) {
		return 0, false
	}
	return all[i].dev + (at - all[i].host), true
}

// addr is a slice's device address; 0 for an empty one.
func (g *GPU) addr(x []float32) uintptr {
	if len(x) == 0 {
		return 0
	}
	p, ok := g.find(x)
	if !ok {
		panic("cuda: a slice that no Alloc of this GPU returned")
	}
	return p
}

// Push is compute.Device's.
func (d *Device) Push(x []float32) {
	if len(x) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.gpu.addr(x)
	d.after(func() {
		d.gpu.must("cuMemcpyHtoDAsync", d.gpu.api.cuMemcpyHtoDAsync(p, unsafe.Pointer(&x[0]), uintptr(4*len(x)), d.gpu.stream))
	})
}

// Pull is compute.Device's.
func (d *Device) Pull(x []float32) {
	if len(x) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.gpu.addr(x)
	d.after(func() {
		d.gpu.must("cuMemcpyDtoHAsync", d.gpu.api.cuMemcpyDtoHAsync(unsafe.Pointer(&x[0]), p, uintptr(4*len(x)), d.gpu.stream))
	})
}

// Close is compute.Device's. It may be called twice.
func (d *Device) Close() {
	_ = compute.Guard(func() error { // after a failed launch the driver refuses everything; then the process must end anyway
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.open {
			d.open = false
			_ = compute.Guard(func() error { d.sync(); return nil })
			d.gpu.change(func(all []*Device) []*Device { return slices.DeleteFunc(all, func(o *Device) bool { return o == d }) })
		}
		defer d.gpu.enter()()
		a := d.gpu.api
		if d.pinned != nil {
			a.cuMemFreeHost(uintptr(unsafe.Pointer(&d.pinned[0])))
		}
		for _, c := range d.chunks {
			d.gpu.unregister(c.span)
			a.cuMemFree(c.dev)
			unreserve(c.mirror)
		}
		d.pinned, d.chunks = nil, nil
		return nil
	})
}

// stage gives n bytes of pinned host memory, which kernels can write: values for the host, and those that go to the GPU with a launch.
// It holds until the next synchronisation.
func (d *Device) stage(n int) unsafe.Pointer {
	n = (n + 63) / 64 * 64
	d.reserve(n)
	p := unsafe.Pointer(&d.pinned[d.staged])
	d.staged += n
	return p
}

// reserve makes sure that the next n staged bytes come without a synchronisation between them.
func (d *Device) reserve(n int) {
	if d.staged+n <= len(d.pinned) {
		return
	}
	d.sync()
	if n > len(d.pinned) {
		d.pin(max(n, 1<<20))
	}
}

func (d *Device) pin(n int) {
	defer d.gpu.enter()()
	if d.pinned != nil {
		d.gpu.must("cuMemFreeHost", d.gpu.api.cuMemFreeHost(uintptr(unsafe.Pointer(&d.pinned[0]))))
		d.pinned = nil
	}
	var p uintptr
	d.gpu.must("cuMemAllocHost", d.gpu.api.cuMemAllocHost(&p, uintptr(n)))
	d.pinned = unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&p))), n)
}

// staged copies host values to where they hold until the next synchronisation.
func staged[T any](d *Device, x []T) unsafe.Pointer {
	p := d.stage(len(x) * int(unsafe.Sizeof(x[0])))
	copy(unsafe.Slice((*T)(p), len(x)), x)
	return p
}

// fetch is room for n values that a kernel writes for the host, valid after sync.
func fetch[T any](d *Device, n int) []T {
	var zero T
	return unsafe.Slice((*T)(d.stage(n*int(unsafe.Sizeof(zero)))), n)
}

// sync waits for all that the device put in.
func (d *Device) sync() {
	d.after(nil)
	d.staged = 0
}

// matrix is a frozen matrix on the GPU as it came; products read it from either side.
type matrix struct {
	dev        uintptr
	rows, cols int
}

func (m *matrix) Shape() (int, int) { return m.rows, m.cols }
func (m *matrix) Bytes() int        { return 4 * m.rows * m.cols }
func (m *matrix) Uses() compute.Use { return compute.ByRows | compute.ByCols }

// Pack is compute.Device's. The matrix outlives the device; its memory goes when nobody holds it.
func (d *Device) Pack(w []float32, rows, cols int, _ compute.Use) compute.Matrix {
	g, m := d.gpu, &matrix{rows: rows, cols: cols}
	defer g.enter()()
	g.collect()
	g.must("cuMemAlloc", g.api.cuMemAlloc(&m.dev, uintptr(m.Bytes())))
	runtime.AddCleanup(m, func(p uintptr) {
		g.mu.Lock()
		g.garbage = append(g.garbage, p)
		g.mu.Unlock()
	}, m.dev)
	g.must("cuMemcpyHtoDAsync", g.api.cuMemcpyHtoDAsync(m.dev, unsafe.Pointer(&w[0]), uintptr(m.Bytes()), g.stream))
	g.must("cuStreamSynchronize", g.api.cuStreamSynchronize(g.stream))
	return m
}

// collect frees what packed matrices left. The context is current.
func (g *GPU) collect() {
	g.mu.Lock()
	dead := g.garbage
	g.garbage = nil
	g.mu.Unlock()
	for _, p := range dead {
		g.must("cuMemFree", g.api.cuMemFree(p))
	}
}
