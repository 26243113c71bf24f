package cuda

import (
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"theriac/harness/compute"
)

// The way of work to the GPU: a device puts its launches into a queue of its own, and one goroutine takes them from all queues to the
// GPU's one stream. Runs of a group do the same operators one after the other, so the same kernel often stands first in several
// queues: it is launched once for them all, with a layer of blocks each (blockIdx.z). Which launches are shared is a matter of chance
// and changes no result.

// kernel is one of kernels.cu.
type kernel struct {
	name string
	f    uintptr
}

// job is a launch that waits in a queue; with a wait it is none, but the end of what came before it.
type job struct {
	kernel *kernel
	record
	size   int // of args
	shared int
	wait   *wait
}

// record is what a launch's layer of blocks reads: how many there are, and the kernel's arguments. common.cuh's Record has the same layout.
type record struct {
	x, y int32
	args [unsafe.Sizeof(gemmArgs{})]byte
}

// wait is for all jobs of a device before it; do, if set, is done first, on the stream.
type wait struct {
	do   func()
	done chan error
}

const (
	mostLayers = 64 // of a shared launch
	header     = unsafe.Offsetof(record{}.args)
	// patience is how long a launch is held back for devices that have only just been at work.
	patience = 200 * time.Microsecond
)

// queue is the queues of a GPU's devices.
type queue struct {
	mu      sync.Mutex
	some    sync.Cond // something was put in, or a device went
	devices []*Device
	running bool

	args  uintptr // on the GPU: records of a launch
	host  [mostLayers * unsafe.Sizeof(record{})]byte
	param [1]unsafe.Pointer
	batch []*Device
}

// join gives the device a queue, and starts the goroutine if it is the first.
func (g *GPU) join(d *Device) {
	q := &g.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	q.devices = append(q.devices, d)
	g.devices.Add(1)
	if !q.running {
		q.running = true
		go g.issue()
	}
}

// part takes the device's queue away.
func (g *GPU) part(d *Device) {
	q := &g.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, o := range q.devices {
		if o == d {
			q.devices = append(q.devices[:i], q.devices[i+1:]...)
			g.devices.Add(-1)
			break
		}
	}
	q.some.Signal()
}

// put adds a job. A device whose earlier work failed panics with the fault.
func (d *Device) put(j job) {
	q := &d.gpu.queue
	q.mu.Lock()
	fault := d.fault
	if fault == nil || j.wait != nil {
		d.jobs, d.hot = append(d.jobs, j), time.Now()
		q.some.Signal()
	}
	q.mu.Unlock()
	if fault != nil && j.wait == nil {
		panic(fault)
	}
}

// after does something on the stream when all that the device put in is done, and waits for it.
func (d *Device) after(do func()) {
	w := &wait{do, make(chan error, 1)}
	d.put(job{wait: w})
	if err := <-w.done; err != nil {
		panic(err)
	}
}

// issue works until no device is left.
func (g *GPU) issue() {
	runtime.LockOSThread() // to the end: the thread goes with the goroutine
	ready := compute.Guard(func() error {
		g.must("cuCtxSetCurrent", g.api.current(g.ctx))
		return nil
	})
	q := &g.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.devices) > 0 {
		k, found := q.choose()
		switch {
		case !found:
			q.some.Wait()
		case k == nil && q.batch == nil: // somebody is awaited
			q.mu.Unlock()
			runtime.Gosched()
			q.mu.Lock()
		case k == nil:
			g.finish(ready)
		default:
			g.launch(k, ready)
		}
	}
	q.running = false
}

// choose fills batch with the devices whose next job is most often the same kernel; with those that wait, and no kernel, if all
// do; with nobody while a device that was just at work may still put something in. It reports whether there is any job.
func (q *queue) choose() (best *kernel, found bool) {
	q.batch = nil
	now := time.Now()
	most, counts := 0, map[*kernel]int{}
	awaited := false
	for _, d := range q.devices {
		if len(d.jobs) == 0 {
			awaited = awaited || now.Sub(d.hot) < patience
			continue
		}
		found = true
		if k := d.jobs[0].kernel; k != nil {
			if counts[k]++; counts[k] > most {
				best, most = k, counts[k]
			}
		}
	}
	if !found || awaited {
		return nil, found
	}
	for _, d := range q.devices {
		if len(d.jobs) > 0 && d.jobs[0].kernel == best && len(q.batch) < mostLayers {
			q.batch = append(q.batch, d)
		}
	}
	return best, true
}

// take is the device's next job.
func (d *Device) take() job {
	j := d.jobs[0]
	if d.jobs = d.jobs[1:]; len(d.jobs) == 0 {
		d.hot = time.Now()
	}
	return j
}

// launch launches k for the batch. The queue is locked but while the driver works.
func (g *GPU) launch(k *kernel, err error) {
	q := &g.queue
	var x, y int32
	shared, at := 0, 0
	for _, d := range q.batch {
		j := d.take()
		x, y, shared = max(x, j.x), max(y, j.y), max(shared, j.shared)
		n := int(header) + j.size
		at += copy(q.host[at:], unsafe.Slice((*byte)(unsafe.Pointer(&j.record)), n))
	}
	q.mu.Unlock()
	if err == nil {
		err = compute.Guard(func() error {
			g.must("cuMemcpyHtoDAsync", g.api.cuMemcpyHtoDAsync(q.args, unsafe.Pointer(&q.host[0]), uintptr(at), g.stream))
			code := g.api.launch(k.f, uintptr(x), uintptr(y), uintptr(len(q.batch)), uintptr(shared), g.stream, &q.param[0])
			if code != 0 {
				return &compute.Fault{Err: fmt.Errorf("%w; if it comes again, use --device cpu", g.api.fail("launch of "+k.name, code))}
			}
			return nil
		})
	}
	q.mu.Lock()
	for _, d := range q.batch {
		if d.fault == nil && err != nil {
			d.fault = err
		}
	}
}

// finish waits for the stream and frees the batch.
func (g *GPU) finish(err error) {
	q := &g.queue
	waits := make([]*wait, len(q.batch))
	faults := make([]error, len(q.batch))
	for i, d := range q.batch {
		waits[i], faults[i] = d.take().wait, d.fault
	}
	q.mu.Unlock()
	for i, w := range waits {
		if faults[i] == nil {
			faults[i] = err
		}
		if faults[i] == nil && w.do != nil {
			faults[i] = compute.Guard(func() error { w.do(); return nil })
		}
	}
	err = compute.Guard(func() error {
		g.must("cuStreamSynchronize", g.api.cuStreamSynchronize(g.stream))
		return nil
	})
	q.mu.Lock()
	for i, w := range waits {
		if faults[i] == nil {
			faults[i] = err
		}
		q.batch[i].hot = time.Now()
		w.done <- faults[i]
	}
}
