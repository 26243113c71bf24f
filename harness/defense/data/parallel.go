package data

import (
	"runtime"
	"sync"
)

// parallelRows calls f for 0..n-1 on all cores; f writes only what belongs to i.
func parallelRows(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), max(1, n))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w * n / workers; i < (w+1)*n/workers; i++ {
				f(i)
			}
		})
	}
	wg.Wait()
}
