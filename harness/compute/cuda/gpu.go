package cuda

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"

	"theriac/harness/compute"
	"theriac/harness/compute/cuda/kernels"
)

// The least that is supported.
const (
	leastDriver  = 12000 // CUDA 12.0: the kernels are PTX 8.0
	leastCompute = 80    // compute capability 8.0: A100
	leastMemory  = 1 << 30
)

// Info describes one GPU.
type Info struct {
	Ordinal    int
	Name       string
	Compute    int    // compute capability times ten
	Memory     uint64 // bytes
	Processors int
	Driver     int // the CUDA version that the driver speaks, times a thousand: 12040 is 12.4
	Shared     int // bytes of shared memory that a block may have
	ClockKHz   int
	handle     int32  // the driver's
	Reason     string // why it cannot be used, and what to do; "" if it can
}

// Devices lists the GPUs. The error says why there is none.
func Devices() ([]Info, error) {
	a, err := load()
	if err != nil {
		return nil, err
	}
	return a.devices()
}

func (a *api) devices() ([]Info, error) {
	var version, count int32
	if code := a.cuInit(0); code == codeNoDevice {
		return nil, fmt.Errorf("cuda: the driver sees no GPU; check CUDA_VISIBLE_DEVICES, or use --device cpu")
	} else if err := a.fail("cuInit", code); err != nil {
		return nil, fmt.Errorf("%w; the driver does not start: try nvidia-smi, or use --device cpu", err)
	}
	if err := a.fail("cuDriverGetVersion", a.cuDriverGetVersion(&version)); err != nil {
		return nil, err
	}
	if err := a.fail("cuDeviceGetCount", a.cuDeviceGetCount(&count)); err != nil {
		return nil, err
	}
	if count == 0 {
		return nil, fmt.Errorf("cuda: the driver sees no GPU; check CUDA_VISIBLE_DEVICES, or use --device cpu")
	}
	var out []Info
	for i := range count {
		d, err := a.describe(i, int(version))
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func (a *api) describe(i int32, version int) (Info, error) {
	d := Info{Ordinal: int(i), Driver: version}
	var dev int32
	var name [256]byte
	var memory uintptr
	if err := a.fail("cuDeviceGet", a.cuDeviceGet(&dev, i)); err != nil {
		return d, err
	}
	if err := a.fail("cuDeviceGetName", a.cuDeviceGetName(&name[0], int32(len(name)-1), dev)); err != nil {
		return d, err
	}
	if err := a.fail("cuDeviceTotalMem", a.cuDeviceTotalMem(&memory, dev)); err != nil {
		return d, err
	}
	n := 0
	for name[n] != 0 {
		n++
	}
	d.handle = dev
	d.Name, d.Memory = string(name[:n]), uint64(memory)
	var v [5]int32
	for k, attribute := range []int32{75, 76, 16, 97, 13} { // compute capability, processors, shared memory by opting in, clock
		if err := a.fail("cuDeviceGetAttribute", a.cuDeviceGetAttribute(&v[k], attribute, dev)); err != nil {
			return d, err
		}
	}
	d.Compute, d.Processors, d.Shared = int(10*v[0]+v[1]), int(v[2]), int(v[3])
	d.ClockKHz = int(v[4])
	switch {
	case version < leastDriver:
		d.Reason = fmt.Sprintf("the driver speaks CUDA %d.%d, the kernels need 12.0: install driver 525 or later", version/1000, version%1000/10)
	case d.Compute < leastCompute:
		d.Reason = fmt.Sprintf("compute capability %d.%d, the kernels need 8.0 (A100 or later)", d.Compute/10, d.Compute%10)
	case d.Memory < leastMemory:
		d.Reason = fmt.Sprintf("%d MiB of memory, 1 GiB is the least", d.Memory>>20)
	}
	return d, nil
}

// Peak is the GPU's float32 rate without tensor cores, in operations a second: a multiply-add counts as two.
func (d *Info) Peak() float64 {
	lanes := 128 // of a processor; 64 on A100 (compute capability 8.0)
	if d.Compute == 80 {
		lanes = 64
	}
	return 2 * float64(lanes*d.Processors) * 1e3 * float64(d.ClockKHz)
}

// PeakTF32 is the tensor cores' rate for TF32, in operations a second; 0 where it is not known.
func (d *Info) PeakTF32() float64 {
	each := map[int]int{80: 1024, 90: 2048}[d.Compute] // operations of a processor in a cycle: A100, H100 and H200
	return float64(each*d.Processors) * 1e3 * float64(d.ClockKHz)
}

// GPU is an opened GPU: its context, the kernels, the packed weights. It is safe for concurrent use.
type GPU struct {
	Info
	api     *api
	ctx     uintptr
	kernels map[string]*kernel
	stream  uintptr // the one that all work goes to
	queue   queue

	mu      sync.Mutex
	spans   atomic.Pointer[[]span] // all chunks of all devices, by host address
	garbage []uintptr              // packed matrices that nobody holds any more
}

// Open opens the first usable GPU.
func Open() (*GPU, error) {
	a, err := load()
	if err != nil {
		return nil, err
	}
	all, err := a.devices()
	if err != nil {
		return nil, err
	}
	for _, d := range all {
		if d.Reason == "" {
			return a.open(d)
		}
	}
	return nil, fmt.Errorf("cuda: %s: %s; or use --device cpu", all[0].Name, all[0].Reason)
}

func (a *api) open(d Info) (*GPU, error) {
	g := &GPU{Info: d, api: a, kernels: map[string]*kernel{}}
	g.spans.Store(&[]span{})
	if err := a.fail("cuDevicePrimaryCtxRetain", a.cuDevicePrimaryCtxRetain(&g.ctx, d.handle)); err != nil {
		return nil, err
	}
	defer g.enter()()
	var module uintptr
	if err := a.fail("cuModuleLoadData", a.cuModuleLoadData(&module, &append(slices.Clone(kernels.PTX), 0)[0])); err != nil {
		return nil, fmt.Errorf("%w; the driver does not take the kernels: update it, or use --device cpu", err)
	}
	for _, name := range kernelNames {
		var f uintptr
		if err := a.fail("cuModuleGetFunction "+name, a.cuModuleGetFunction(&f, module, name)); err != nil {
			return nil, err
		}
		g.kernels[name] = &kernel{name: name, f: f}
	}
	for _, name := range kernelNames[len(kernelNames)-4:] {
		if err := a.fail("cuFuncSetAttribute", a.cuFuncSetAttribute(g.kernels[name].f, 8, int32(g.dynamic()))); err != nil {
			return nil, err
		}
	}
	if err := a.fail("cuMemAlloc", a.cuMemAlloc(&g.queue.args, roomAtFirst)); err != nil {
		return nil, err
	}
	g.queue.room = roomAtFirst
	g.kernels["gemm"], g.kernels["gemm_tf32"] = &kernel{name: "gemm", tiles: exact}, &kernel{name: "gemm_tf32", tiles: tensor}
	g.queue.devices.Store(&[]*Device{})
	g.queue.wake, g.queue.param[0] = make(chan struct{}, 1), unsafe.Pointer(&g.queue.args)
	return g, a.fail("cuStreamCreate", a.cuStreamCreate(&g.stream, nonBlocking))
}

const nonBlocking = 1 // a stream that does not wait for the default one

// kernelNames are the kernels of kernels.cu.
var kernelNames = [...]string{
	"rms_norm", "rms_norm_back", "rms_norm_gain", "rope", "silu_mul", "silu_mul_back", "dropout", "add_rows", "copy_rows",
	"bias_grad", "gather", "scatter_add", "scale", "zero", "sum_squares", "cross_entropy", "adamw",
	"gemm_128x128", "gemm_64x64", "gemm_32x32", "gemm_64x8", "gemm_8x64", "gemm_tf32_128x128", "gemm_tf32_64x64",
	"attention", "attention_back_queries", "attention_back_keys", "attention_back_keys_wide",
}

// dynamic is how many bytes of shared memory a launch may ask for: the kernels' own variables take less than 10 KiB.
func (g *GPU) dynamic() int { return g.Shared - 10<<10 }

// enter makes the context current on a thread that stays this goroutine's until the returned function is called.
func (g *GPU) enter() (leave func()) {
	runtime.LockOSThread()
	if code := g.api.current(g.ctx); code != 0 {
		runtime.UnlockOSThread()
		g.must("cuCtxSetCurrent", code)
	}
	return runtime.UnlockOSThread
}

// must panics with a compute.Fault unless code is 0.
func (g *GPU) must(call string, code int32) {
	if code != 0 {
		panic(g.api.fail(call, code))
	}
}

// Free is how many bytes of the GPU's memory are free.
func (g *GPU) Free() (free uint64, err error) {
	err = compute.Guard(func() error {
		defer g.enter()()
		var f, total uintptr
		g.must("cuMemGetInfo", g.api.cuMemGetInfo(&f, &total))
		free = uint64(f)
		return nil
	})
	return free, err
}
