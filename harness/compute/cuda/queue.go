package cuda

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
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
	name  string
	f     uintptr
	tiles []tiling // of products, which are cut when it is known how many there are; such a kernel has no f
}

// job is a launch that waits in a queue; with a wait it is none, but the end of what came before it.
type job struct {
	kernel *kernel
	record
	size   int // of args
	shared int
	tile   int // of a product, counted from 1: chosen beforehand, for tests
	data   []datum
	wait   *wait
}

// datum is host data that goes to the GPU with a launch: the kernel finds its address in the arguments.
type datum struct {
	at    uintptr // in the arguments
	bytes []byte
}

// record is what a launch's layer of blocks reads: how many there are, and the kernel's arguments. common.cuh's Record has the same layout.
type record struct {
	x, y int32 // of a product that is not cut yet: its rows and columns
	args [unsafe.Sizeof(gemmArgs{})]byte
}

// wait is for all jobs of a device before it; do, if set, is done first, on the stream.
type wait struct {
	do   func()
	done chan error
}

const (
	mostJobs    = 256 // of a device, before it waits
	mostLayers  = 64  // of a shared launch
	roomAtFirst = 1 << 20
	mostHeld    = 256 // times that others may go before a run's optimiser
	header      = unsafe.Offsetof(record{}.args)
	// patience is how long a launch is held back for devices that have only just been at work. It is longer than runs on fewer cores than
	// there are runs take to come up with their next launch: shared launches are worth more than early ones.
	patience = 10 * time.Millisecond
)

// jobs is a device's queue: the device alone puts in, the issuing goroutine alone takes out, and no lock is held.
type jobs struct {
	ring [mostJobs]job
	in   atomic.Uint32
	out  atomic.Uint32
	idle time.Time             // the issuing goroutine's: since when there has been nothing,
	done int                   // and how many jobs were done since the last wait
	bad  atomic.Pointer[error] // of a job that failed: all later ones do
}

func (j *jobs) first() *job {
	out := j.out.Load()
	if out == j.in.Load() {
		return nil
	}
	return &j.ring[out%mostJobs]
}

// drop forgets the first job.
func (j *jobs) drop() {
	j.out.Add(1)
	j.done++
	if j.first() == nil {
		j.idle = time.Now()
	}
}

func (j *jobs) fault() error {
	if p := j.bad.Load(); p != nil {
		return *p
	}
	return nil
}

// queue is the queues of a GPU's devices.
type queue struct {
	mu      sync.Mutex // of changes to devices and running
	devices atomic.Pointer[[]*Device]
	running bool
	asleep  atomic.Bool
	wake    chan struct{}

	args  uintptr // on the GPU: a launch's records, and the data that goes with it
	room  int     // there, in bytes
	host  []byte  // the same on the host
	param [1]unsafe.Pointer
	batch []*Device
	held  int // how often the optimiser was passed over

	use     Use
	profile map[string]time.Duration
}

// Use is what the GPU was asked to do, and how long the host was held up by it.
type Use struct {
	Jobs, Launches, Waits   int           // Jobs are the devices' launches, Launches the driver's, Waits those for the stream
	Driver, Stream, Devices time.Duration // in the driver's calls; waiting for the stream; holding launches back for other devices
}

// Use is what the GPU of a device did since the last call.
func (d *Device) Use() (u Use) {
	d.after(func() { u, d.gpu.queue.use = d.gpu.queue.use, Use{} })
	return u
}

// Profile makes the GPU wait after every launch of every device and add its time to p; nil ends that.
func (d *Device) Profile(p map[string]time.Duration) {
	d.after(func() { d.gpu.queue.profile = p })
}

// change sets the devices, and sees to it that somebody issues their work.
func (g *GPU) change(to func([]*Device) []*Device) {
	q := &g.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	all := to(slices.Clone(*q.devices.Load()))
	q.devices.Store(&all)
	if !q.running && len(all) > 0 {
		q.running = true
		go g.issue()
	}
	q.rouse()
}

func (q *queue) rouse() {
	if q.asleep.CompareAndSwap(true, false) {
		q.wake <- struct{}{}
	}
}

// put adds a job. A device whose earlier work failed panics with the fault.
func (d *Device) put(kernel *kernel, args unsafe.Pointer, size uintptr, x, y, shared int, w *wait) {
	q := &d.queue
	if err := q.fault(); err != nil && w == nil {
		panic(err)
	}
	in := q.in.Load()
	for in-q.out.Load() == mostJobs {
		time.Sleep(20 * time.Microsecond)
	}
	j := &q.ring[in%mostJobs]
	j.kernel, j.x, j.y, j.size, j.shared, j.wait, j.tile = kernel, int32(x), int32(y), int(size), shared, w, d.tile
	copy(j.args[:], unsafe.Slice((*byte)(args), size))
	if j.data = j.data[:0]; w == nil {
		j.data, d.data = append(j.data, d.data...), d.data[:0]
	}
	q.in.Store(in + 1)
	d.gpu.queue.rouse()
}

// after does something on the stream when all that the device put in is done, and waits for it.
func (d *Device) after(do func()) {
	w := &wait{do, make(chan error, 1)}
	d.put(nil, nil, 0, 0, 0, 0, w)
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
	for idle := time.Now(); ; {
		k, found := q.choose(*q.devices.Load())
		if found {
			now := time.Now()
			if len(q.batch) == 0 {
				q.use.Devices += now.Sub(idle)
			}
			idle = now
		}
		switch {
		case !found && time.Since(idle) > patience:
			if q.sleep() {
				return
			}
		case len(q.batch) == 0: // without rest: a thread that gives way comes back late
		case k == nil:
			g.finish(ready)
		default:
			g.launch(k, ready)
		}
	}
}

// sleep until something is put in; end: there is no device, and none will be served.
func (q *queue) sleep() (end bool) {
	q.asleep.Store(true)
	none := true
	for _, d := range *q.devices.Load() {
		none = none && d.queue.first() == nil
	}
	q.mu.Lock()
	if end = len(*q.devices.Load()) == 0; end {
		q.running = false
	}
	q.mu.Unlock()
	if (end || !none) && q.asleep.CompareAndSwap(true, false) {
		return end
	}
	<-q.wake
	return end
}

// choose fills batch with the devices whose next job is the same kernel as that of the one that is furthest behind; with those that
// wait, and no kernel, if nothing else is to be done; with nobody while a device that was just at work may still put something in.
// It reports whether there is any job. How far a device is counts from its last wait: there runs of a group meet.
//
// The optimiser's kernel comes last, so that runs that fell behind the others in a step (a batch of more targets has more to do) are
// beside them again when they begin the next; but not for long, since others may have no optimiser to come to.
func (q *queue) choose(devices []*Device) (best *kernel, found bool) {
	q.batch = q.batch[:0]
	var now time.Time
	var optimiser *kernel
	behind, waits, awaited := 0, false, false
	for _, d := range devices {
		j := d.queue.first()
		switch {
		case j == nil:
			if now.IsZero() {
				now = time.Now()
			}
			awaited = awaited || now.Sub(d.queue.idle) < patience
		case j.wait != nil:
			waits = true
		case j.kernel.name == "adamw":
			optimiser = j.kernel
		case best == nil || d.queue.done < behind:
			best, behind = j.kernel, d.queue.done
		}
	}
	if found = waits || best != nil || optimiser != nil; !found || awaited {
		return nil, found
	}
	if optimiser == nil {
		q.held = 0
	} else if q.held++; best == nil && !waits || q.held > mostHeld {
		best = optimiser
	}
	for _, d := range devices {
		if j := d.queue.first(); j != nil && j.kernel == best && (len(q.batch) < mostLayers || best == nil) {
			q.batch = append(q.batch, d)
		}
	}
	return best, true
}

// with makes data go to the GPU with the next launch, whose arguments have its address at that offset. The launch copies it.
func with[T any](d *Device, at uintptr, x []T) {
	if len(x) > 0 {
		p := staged(d, x)
		d.data = append(d.data, datum{at, unsafe.Slice((*byte)(p), len(x)*int(unsafe.Sizeof(x[0])))})
	}
}

// cut decides on the tiles of a product: those with which the processor that has most to do has least.
func (g *GPU) cut(k *kernel) *kernel {
	best, least := 0, math.Inf(1)
	for i, t := range k.tiles {
		n := 0
		for _, d := range g.queue.batch {
			j := d.queue.first()
			n += blocks(int(j.x), t.rows) * blocks(int(j.y), t.cols)
			if j.tile > 0 {
				best, least = (j.tile-1)%len(k.tiles), -1
			}
		}
		if load := float64(blocks(n, g.Processors)*t.rows*t.cols) / t.rate; load < least {
			best, least = i, load
		}
	}
	t := &k.tiles[best]
	for _, d := range g.queue.batch {
		j := d.queue.first()
		j.x, j.y = int32(blocks(int(j.x), t.rows)), int32(blocks(int(j.y), t.cols))
	}
	return g.kernels[t.kernel]
}

// gather writes the batch's records and their data to host, and gives the grid.
func (q *queue) gather() (x, y int32, shared int) {
	each := int(header) + q.batch[0].queue.first().size
	q.host = append(q.host[:0], make([]byte, each*len(q.batch))...)
	for i, d := range q.batch {
		j := d.queue.first()
		x, y, shared = max(x, j.x), max(y, j.y), max(shared, j.shared)
		copy(q.host[i*each:], unsafe.Slice((*byte)(unsafe.Pointer(&j.record)), each))
		for _, n := range j.data {
			at := (len(q.host) + 15) / 16 * 16
			q.host = append(append(q.host, make([]byte, at-len(q.host))...), n.bytes...)
			*(*uintptr)(unsafe.Pointer(&q.host[i*each+int(header+n.at)])) = uintptr(at) // from args on
		}
	}
	return x, y, shared
}

// address turns offsets into addresses, once it is known where args lies.
func (q *queue) address() {
	each := int(header) + q.batch[0].queue.first().size
	for i, d := range q.batch {
		for _, n := range d.queue.first().data {
			*(*uintptr)(unsafe.Pointer(&q.host[i*each+int(header+n.at)])) += q.args
		}
	}
}

// fit makes args as large as host.
func (g *GPU) fit() {
	q := &g.queue
	if len(q.host) <= q.room {
		return
	}
	size := 2 * len(q.host)
	var p uintptr
	g.must("cuMemAlloc", g.api.cuMemAlloc(&p, uintptr(size)))
	g.must("cuMemFree", g.api.cuMemFree(q.args)) // waits for what still reads it
	q.args, q.room = p, size
}

// launch launches k for the batch.
func (g *GPU) launch(k *kernel, err error) {
	q := &g.queue
	start := time.Now()
	if err == nil {
		err = compute.Guard(func() error {
			if k.tiles != nil {
				k = g.cut(k)
			}
			x, y, shared := q.gather()
			g.fit()
			q.address()
			g.must("cuMemcpyHtoDAsync", g.api.cuMemcpyHtoDAsync(q.args, unsafe.Pointer(&q.host[0]), uintptr(len(q.host)), g.stream))
			code := g.api.launch(k.f, uintptr(x), uintptr(y), uintptr(len(q.batch)), uintptr(shared), g.stream, &q.param[0])
			if code != 0 {
				return &compute.Fault{Err: fmt.Errorf("%w; if it comes again, use --device cpu", g.api.fail("launch of "+k.name, code))}
			}
			return nil
		})
	}
	for _, d := range q.batch {
		d.queue.drop()
	}
	q.use.Jobs, q.use.Launches = q.use.Jobs+len(q.batch), q.use.Launches+1
	q.use.Driver += time.Since(start)
	if q.profile != nil && err == nil {
		err = g.drain()
		q.profile[k.name] += time.Since(start)
	}
	if err != nil {
		for _, d := range q.batch {
			d.queue.bad.CompareAndSwap(nil, &err)
		}
	}
}

// finish waits for the stream and lets the batch go on.
func (g *GPU) finish(err error) {
	q := &g.queue
	faults := make([]error, len(q.batch))
	for i, d := range q.batch {
		if faults[i] = d.queue.fault(); faults[i] == nil {
			faults[i] = err
		}
		if w := d.queue.first().wait; faults[i] == nil && w.do != nil {
			faults[i] = compute.Guard(func() error { w.do(); return nil })
		}
	}
	err = g.drain()
	for i, d := range q.batch {
		if faults[i] == nil {
			faults[i] = err
		}
		w := d.queue.first().wait
		d.queue.drop()
		d.queue.done = 0
		w.done <- faults[i]
	}
}

// drain waits for the stream.
func (g *GPU) drain() error {
	start := time.Now()
	err := compute.Guard(func() error {
		g.must("cuStreamSynchronize", g.api.cuStreamSynchronize(g.stream))
		return nil
	})
	g.queue.use.Waits++
	g.queue.use.Stream += time.Since(start)
	return err
}
