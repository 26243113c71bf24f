package cpu

import (
	"sync"
	"sync/atomic"
)

// job is work that splits into numbered tasks; any thread may take any task, and
// no result depends on which.
type job interface {
	task(thread, i int)
}

// pool is parked goroutines. run is called by one goroutine at a time.
type pool struct {
	threads int
	wake    []chan struct{}
	done    sync.WaitGroup
	once    sync.Once

	job  job
	n    int64
	next atomic.Int64
}

func newPool(threads int) *pool {
	p := &pool{threads: threads, wake: make([]chan struct{}, threads-1)}
	for i := range p.wake {
		p.wake[i] = make(chan struct{}, 1)
		go p.serve(i+1, p.wake[i])
	}
	return p
}

func (p *pool) serve(thread int, wake chan struct{}) {
	for range wake {
		p.drain(thread)
		p.done.Done()
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
	if n == 0 {
		return
	}
	helpers := min(len(p.wake), n-1)
	if helpers == 0 {
		for i := range n {
			j.task(0, i)
		}
		return
	}
	p.job, p.n = j, int64(n)
	p.next.Store(0)
	p.done.Add(helpers)
	for _, w := range p.wake[:helpers] {
		w <- struct{}{}
	}
	p.drain(0)
	p.done.Wait()
	p.job = nil
}

func (p *pool) close() {
	p.once.Do(func() {
		for _, w := range p.wake {
			close(w)
		}
	})
}
