package finetune

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"theriac/harness/compute"
)

// Group does n jobs that share a base (its packed weights, its prefix cache), one
// single-threaded device a worker. Every job's result is what it would be alone.
// Each job's error is kept; the others go on. newDevice makes a worker's device.
func Group(ctx context.Context, workers, n int, newDevice func() compute.Device, do func(ctx context.Context, dev compute.Device, job int) error) error {
	errs := make([]error, n)
	jobs := make(chan int)
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			dev := newDevice()
			for j := range jobs {
				errs[j] = do(ctx, dev, j)
				runtime.GC() // a run's buffers are large: the next one's should not come on top of them
			}
		})
	}
	for j := range n {
		select {
		case jobs <- j:
		case <-ctx.Done():
			errs[j] = ctx.Err()
		}
	}
	close(jobs)
	wg.Wait()
	return errors.Join(errs...)
}
