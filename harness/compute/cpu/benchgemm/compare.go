//go:build linux && (amd64 || arm64)

package main

import (
	"runtime"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"theriac/harness/compute"
	"theriac/harness/compute/cpu"
)

// result is the pairs of blocks of one product.
type result struct {
	ours, theirs, ratio []float64 // GFLOPS, GFLOPS, ours/theirs
}

// fastest is the rate of each side's fastest block: what remains of several threads' wall time once the turns of other
// programs, which only ever slow a block down, are left out.
func (r *result) fastest() (ours, theirs float64) {
	return slices.Max(r.ours), slices.Max(r.theirs)
}

const blockFLOP = 4e8 // of a block, a thread: a few milliseconds, to fit between other programs' turns

// compare times pairs of blocks, ours first in every other pair.
func compare(d *cpu.Device, b *blas, s shape, pairs int) (r result) {
	a, w, c := values(s.m*s.k), values(s.n*s.k), d.Alloc(s.m*s.n)
	dst, term := compute.Of(c, s.m, s.n), compute.Term{}
	ta, tb, lda, ldb := noTrans, noTrans, s.k, s.n
	if s.how != gradient {
		term.A = compute.Of(a, s.m, s.k)
	}
	switch s.how {
	case packedRows:
		term.W, term.TransB = d.Pack(w, s.n, s.k, compute.ByRows), true
		tb, ldb = trans, s.k
	case packedCols:
		term.W = d.Pack(w, s.k, s.n, compute.ByCols)
	case plainRows:
		term.B, term.TransB = compute.Of(w, s.n, s.k), true
		tb, ldb = trans, s.k
	case plainCols:
		term.B = compute.Of(w, s.k, s.n)
	case gradient:
		term.A, term.TransA, term.B = compute.Of(a, s.k, s.m), true, compute.Of(w, s.k, s.n)
		ta, lda = trans, s.m
	}
	terms := []compute.Term{term}
	us := func() { d.MatMul(dst, nil, terms...) }
	them := func() {
		b.sgemm(rowMajor, int32(ta), int32(tb), int32(s.m), int32(s.n), int32(s.k), 1, ptr(a), int32(lda), ptr(w), int32(ldb), 0, ptr(c), int32(s.n))
	}
	calls := max(1, int(blockFLOP*float64(d.Threads())/s.flop()))
	one := func(f func()) float64 {
		return s.flop() * float64(calls) / block(f, calls, d.Threads()) / 1e9
	}
	us()
	them()
	for i := range pairs {
		first, second := us, them
		if i%2 == 1 {
			first, second = them, us
		}
		u, v := one(first), one(second)
		if i%2 == 1 {
			u, v = v, u
		}
		r.ours, r.theirs, r.ratio = append(r.ours, u), append(r.theirs, v), append(r.ratio, u/v)
	}
	runtime.KeepAlive(a)
	runtime.KeepAlive(w)
	return r
}

// block times calls of f after warm ones, in seconds: one thread by its own clock, which stands still while it waits for
// a core; several by the wall's.
func block(f func(), calls, threads int) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f()
	if threads > 1 {
		time.Sleep(40 * time.Millisecond) // OpenBLAS's helpers watch for work for 2^26 cycles
		// A helper that wakes may be given the waker's core: let the kernel spread them first.
		for start := time.Now(); time.Since(start) < 20*time.Millisecond; {
			f()
		}
	}
	start, own := time.Now(), threadTime()
	for range calls {
		f()
	}
	if threads == 1 {
		return threadTime() - own
	}
	return time.Since(start).Seconds()
}

// threadTime is this thread's time on a core, in seconds.
func threadTime() float64 {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return float64(t.Sec) + float64(t.Nsec)/1e9
}

func ptr(x []float32) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(x)) }

// values are pseudo-random numbers in [-1, 1).
func values(n int) []float32 {
	x, s := make([]float32, n), uint64(n)
	for i := range x {
		s = s*6364136223846793005 + 1442695040888963407
		x[i] = float32(int32(s>>32)) / (1 << 31)
	}
	return x
}
