package finetune

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"theriac/harness/compute"
	"theriac/harness/compute/cpu"
	"theriac/harness/infer"
)

// A job that runs out of memory beside others is done again with fewer of them; no job is lost or done twice.
func TestGroupShrinks(t *testing.T) {
	const n, room = 12, 2
	var mu sync.Mutex
	holding, done := 0, map[int]int{}
	err := Group(context.Background(), 8, n, func() (compute.Device, error) { return cpu.New(1), nil }, func(_ context.Context, _ compute.Device, j int) error {
		mu.Lock()
		if holding == room {
			mu.Unlock()
			panic(&compute.Fault{Err: fmt.Errorf("test: %w", compute.ErrMemory)})
		}
		holding++
		mu.Unlock()
		for range 1000 {
			runtime.Gosched()
		}
		mu.Lock()
		defer mu.Unlock()
		holding--
		done[j]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for j := range n {
		if done[j] != 1 {
			t.Errorf("job %d was done %d times", j, done[j])
		}
	}
}

// One that has the device to itself and still runs out fails, in an error; the others are done.
func TestGroupTooLittleMemory(t *testing.T) {
	var mu sync.Mutex
	done := 0
	err := Group(context.Background(), 3, 5, func() (compute.Device, error) { return cpu.New(1), nil }, func(_ context.Context, _ compute.Device, j int) error {
		if j == 1 {
			return &compute.Fault{Err: compute.ErrMemory}
		}
		mu.Lock()
		defer mu.Unlock()
		done++
		return nil
	})
	if !errors.Is(err, compute.ErrMemory) || done != 4 {
		t.Fatalf("error %v with %d of 4 jobs done, want one out of memory", err, done)
	}
	refused := errors.New("no device")
	if err := Group(context.Background(), 2, 1, func() (compute.Device, error) { return nil, refused }, nil); !errors.Is(err, refused) {
		t.Fatalf("error %v, want the device's", err)
	}
}

// A run that is done leaves nothing behind: many of them take no more memory than one.
func TestRunsAreFreed(t *testing.T) {
	m, items := tiny(t)
	dev := cpu.New(1)
	defer dev.Close()
	base, err := infer.Load(dev, m, 0)
	if err != nil {
		t.Fatal(err)
	}
	live := func(runs int) uint64 {
		for range runs {
			r, err := New(dev, base, tinySpecs()["lora"], items, nil, Hooks{})
			if err != nil {
				t.Fatal(err)
			}
			steps(t, r, 1)
		}
		runtime.GC()
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	one := live(1)
	if more := live(20); more > one+one/10 {
		t.Errorf("%d bytes are in use after one run, %d after twenty more", one, more)
	}
}
