package finetune

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"theriac/harness/compute"
)

// Group does n jobs that share a base (its packed weights, its prefix cache), a device a job, several at a time. Every
// job's result is what it would be alone. Each job's error is kept; the others go on. newDevice makes a job's device, which
// Group closes. Where a job runs out of device memory beside others, the group goes on with a worker
// less and does the job again; its error stands only if it had the device to itself.
func Group(ctx context.Context, workers, n int, newDevice func() (compute.Device, error), do func(ctx context.Context, dev compute.Device, job int) error) error {
	q := &queue{ctx: ctx, errs: make([]error, n), live: min(workers, n)}
	for j := range n {
		q.jobs = append(q.jobs, j)
	}
	var wg sync.WaitGroup
	for range q.live {
		wg.Go(func() {
			for j, alone, ok := q.take(); ok; j, alone, ok = q.take() {
				err := onDevice(newDevice, func(dev compute.Device) error { return do(ctx, dev, j) })
				if errors.Is(err, compute.ErrMemory) && !alone {
					if q.giveBack(j) {
						return
					}
					continue
				}
				q.errs[j] = err
				runtime.GC() // a run's buffers are large: the next one's should not come on top of them
			}
		})
	}
	wg.Wait()
	for _, j := range q.jobs {
		q.errs[j] = ctx.Err()
	}
	return errors.Join(q.errs...)
}

func onDevice(newDevice func() (compute.Device, error), do func(compute.Device) error) error {
	return compute.Guard(func() error {
		dev, err := newDevice()
		if err != nil {
			return err
		}
		defer dev.Close()
		return do(dev)
	})
}

// queue is a group's jobs that are not taken, and how many workers there are.
type queue struct {
	ctx  context.Context
	mu   sync.Mutex
	jobs []int
	live int
	errs []error
}

// take gives the next job; alone says that there is no other worker. A worker that gets none ends.
func (q *queue) take() (job int, alone, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.jobs) == 0 || q.ctx.Err() != nil {
		q.live--
		return 0, false, false
	}
	job, q.jobs = q.jobs[0], q.jobs[1:]
	return job, q.live == 1, true
}

// giveBack puts a job first again; it reports whether the worker must end to leave the others its memory.
func (q *queue) giveBack(job int) (end bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append([]int{job}, q.jobs...)
	if q.live > 1 {
		q.live--
		return true
	}
	return false
}
