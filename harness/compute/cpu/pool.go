package cpu

// A pool of parked goroutines. An operator takes tens of microseconds, and the next
// follows at once; so a helper that runs out of work watches for more for a while before
// it parks, and a caller never waits for a helper that has not begun.

import (
	"runtime"
	"sync/atomic"
)

// job is work that splits into numbered tasks; any thread may take any task, and
// no result depends on which.
type job interface {
	task(thread, i int)
}

// pool runs jobs on the calling goroutine and threads-1 helpers. run is called
// by one goroutine at a time.
type pool struct {
	threads int
	helpers []helper

	job  job
	n    int64
	next atomic.Int64

	open    atomic.Uint64 // number of the job that helpers may join; 0: none
	active  atomic.Int32  // helpers inside the job
	closed  atomic.Bool
	waiting atomic.Bool   // the caller is parked until active is 0
	done    chan struct{} // wakes it
	jobs    uint64
}

type helper struct {
	parked atomic.Bool
	wake   chan struct{}
	_      [64]byte // each on cache lines of its own
}

// How long to watch before parking, in pauses of about 20 ns: a helper for about 50 µs, the caller for about 100 µs.
const (
	helperSpins = 2500
	callerSpins = 5000
	spinBurst   = 10
)

func newPool(threads int) *pool {
	p := &pool{threads: threads, helpers: make([]helper, threads-1), done: make(chan struct{}, 1)}
	for i := range p.helpers {
		p.helpers[i].wake = make(chan struct{}, 1)
		go p.serve(i)
	}
	return p
}

// serve is a helper's life.
func (p *pool) serve(i int) {
	h, last := &p.helpers[i], uint64(0)
	for p.await(h, last) {
		p.active.Add(1)
		// Joined before the caller closed the job, or it is not seen here: then leave.
		if id := p.open.Load(); id != 0 && id != last {
			last = id
			p.drain(i + 1)
		}
		if p.active.Add(-1) == 0 && p.waiting.CompareAndSwap(true, false) {
			select {
			case p.done <- struct{}{}:
			default:
			}
		}
	}
}

// await returns when there is a job other than last; false when the pool is closed.
func (p *pool) await(h *helper, last uint64) bool {
	ready := func() bool {
		id := p.open.Load()
		return id != 0 && id != last || p.closed.Load()
	}
	for {
		for i := 0; i < helperSpins; i += spinBurst {
			if ready() {
				return !p.closed.Load()
			}
			pause(spinBurst)
		}
		h.parked.Store(true)
		if !ready() || !h.parked.CompareAndSwap(true, false) {
			<-h.wake // someone saw parked, or will
		}
	}
}

func (p *pool) drain(thread int) {
	for {
		i := p.next.Add(1) - 1
		if i >= p.n {
			return
		}
		p.job.task(thread, int(i))
	}
}

// run does tasks [0, n) of j and returns when all are done.
func (p *pool) run(j job, n int) {
	helpers := min(len(p.helpers), n-1)
	if helpers <= 0 {
		for i := range n {
			j.task(0, i)
		}
		return
	}
	p.job, p.n = j, int64(n)
	p.next.Store(0)
	p.jobs++
	p.open.Store(p.jobs)
	for i := range p.helpers[:helpers] {
		p.rouse(&p.helpers[i])
	}
	p.drain(0)
	p.open.Store(0)
	p.settle()
	p.job = nil
}

func (p *pool) rouse(h *helper) {
	if h.parked.CompareAndSwap(true, false) {
		h.wake <- struct{}{}
	}
}

// settle waits until no helper is inside the job.
func (p *pool) settle() {
	for i := 0; i < callerSpins; i += spinBurst {
		if p.active.Load() == 0 {
			return
		}
		pause(spinBurst)
		if i&1023 == 1023 {
			runtime.Gosched()
		}
	}
	for p.active.Load() != 0 {
		p.waiting.Store(true)
		if p.active.Load() == 0 {
			break
		}
		<-p.done
	}
	p.waiting.Store(false)
}

// close ends the helpers. It may be called twice.
func (p *pool) close() {
	if p.closed.Swap(true) {
		return
	}
	for i := range p.helpers {
		p.rouse(&p.helpers[i])
	}
}
