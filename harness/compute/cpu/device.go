package cpu

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"

	"theriac/harness/compute"
)

// Device computes on the host with a fixed number of threads.
type Device struct {
	pool *pool
	isa  *instructionSet
	// scratch of each thread
	local []scratch
	gemm  gemmJob
	attn  attnJob
	rows  rowJob
	adam  adamConst
}

var _ compute.Device = (*Device)(nil)

// New returns a device of the given number of threads; 0 is all cores. Threads
// beyond the first are parked goroutines, which end when the device is collected or closed.
func New(threads int) *Device { return newDevice(threads, &best) }

// NewWith is New with one of InstructionSets by name, where New takes the best.
func NewWith(threads int, set string) (*Device, error) {
	all := instructionSets()
	for i := range all {
		if all[i].name == set {
			return newDevice(threads, &all[i]), nil
		}
	}
	return nil, fmt.Errorf("cpu: instruction set %q: this processor has %s", set, strings.Join(InstructionSets(), ", "))
}

// InstructionSets names what this processor can run, the best first and "portable" last.
// All give the same bits.
func InstructionSets() (names []string) {
	for _, s := range instructionSets() {
		names = append(names, s.name)
	}
	return names
}

func newDevice(threads int, isa *instructionSet) *Device {
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	d := &Device{pool: newPool(threads), isa: isa, local: make([]scratch, threads)}
	p := d.pool
	runtime.AddCleanup(d, func(p *pool) { p.close() }, p)
	return d
}

// Close ends the device's goroutines.
func (d *Device) Close() { d.pool.close() }

// Threads is the number of threads.
func (d *Device) Threads() int { return d.pool.threads }

// Class is "cpu".
func (d *Device) Class() string { return "cpu" }

// Alloc returns zeroed memory on a 64-byte boundary.
func (d *Device) Alloc(n int) []float32 { return alloc(n) }

// Push does nothing: host and device are one.
func (d *Device) Push([]float32) {}

// Pull does nothing.
func (d *Device) Pull([]float32) {}

func alloc(n int) []float32 {
	if n == 0 {
		return nil
	}
	b := make([]float32, n+15)
	skip := (64 - int(uintptr(unsafe.Pointer(&b[0])))&63) / 4 & 15
	return b[skip : skip+n : skip+n]
}

// scratch is one thread's reusable memory.
type scratch struct {
	tile             tile
	acc              []float32
	out              [tileRows * panelCols]float32
	l, m             lanes
	q, k, v, o, p, s []float32
	kd, dk, dv       []float32
	_                [128]byte // each thread writes cache lines of its own
}

func grow(buf *[]float32, n int) []float32 {
	if len(*buf) < n {
		*buf = alloc(n + n/4)
	}
	return (*buf)[:n]
}
