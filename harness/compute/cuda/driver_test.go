package cuda_test

// What the driver can do to us: not be there, be old, lack a function, run out of memory, fail a launch.

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"theriac/harness/compute"
	"theriac/harness/compute/cuda"
	"theriac/harness/compute/cuda/cudatest"
	"theriac/harness/needs"
)

// message checks that an error is one line and says what is wanted.
func message(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range append(want, "use --device cpu") {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q is more than a line", err)
	}
}

func TestNoDriver(t *testing.T) {
	t.Setenv(cuda.Library, filepath.Join(t.TempDir(), "libcuda.so.1"))
	_, err := cuda.Open()
	message(t, err, "no NVIDIA driver", "install the driver")
	if _, err := cuda.Devices(); err == nil {
		t.Error("devices without a driver")
	}
}

func TestDriverLacksFunctions(t *testing.T) {
	gxx := needs.Tool(t, "g++")
	dir := t.TempDir()
	source, lib := filepath.Join(dir, "old.cpp"), filepath.Join(dir, "old.so")
	if err := os.WriteFile(source, []byte(`extern "C" int cuInit(unsigned) { return 0; } extern "C" int cuDriverGetVersion(int *v) { *v = 4000; return 0; }`), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(gxx, "-shared", "-fPIC", source, "-o", lib).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv(cuda.Library, lib)
	_, err := cuda.Open()
	message(t, err, "has no cuDeviceGetCount", "too old")
}

func TestUnusable(t *testing.T) {
	d := cudatest.Use(t)
	fresh := func() { d.Version(12040); d.Count(1); d.Memory(cudatest.Memory) }
	for _, c := range []struct {
		name string
		do   func()
		want string
	}{
		{"old driver", func() { d.Version(11080) }, "CUDA 11.8, the kernels need 12.0: install driver 525"},
		{"no GPU", func() { d.Count(0) }, "sees no GPU"},
		{"little memory", func() { d.Memory(512 << 20) }, "512 MiB of memory"},
		{"no device code", func() { d.Fail("cuInit", 100, 0) }, "sees no GPU"},
		{"does not start", func() { d.Fail("cuInit", 999, 0) }, "nvidia-smi"},
		{"kernels refused", func() { d.Fail("cuModuleLoadData", 222, 0) }, "does not take the kernels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.do()
			defer fresh()
			defer d.Fail("cuInit", 0, 0)
			defer d.Fail("cuModuleLoadData", 0, 0)
			_, err := cuda.Open()
			message(t, err, c.want)
		})
	}
	all, err := cuda.Devices()
	if err != nil || len(all) != 1 || all[0].Reason != "" || all[0].Compute != 80 || all[0].Processors != 4 {
		t.Fatalf("devices are %+v, %v", all, err)
	}
}

// Every function of the driver may fail at any time: the result is an error, never a crash, and afterwards all works again.
func TestEveryCallMayFail(t *testing.T) {
	d := cudatest.Use(t)
	work := func() error {
		g, err := cuda.Open()
		if err != nil {
			return err
		}
		if _, err := g.Free(); err != nil {
			return err
		}
		dev, err := g.New()
		if err != nil {
			return err
		}
		defer dev.Close()
		return compute.Guard(func() error {
			x := dev.Alloc(100)
			x[3] = 2
			dev.Push(x)
			w := dev.Pack(x, 10, 10, compute.ByRows)
			y := compute.Of(dev.Alloc(100), 10, 10)
			dev.MatMul(y, nil, compute.Term{A: compute.Of(x, 10, 10), W: w, TransB: true})
			dev.Zero(x)
			if s := dev.SumSquares(y.Data); s != 16 {
				t.Errorf("Σ is %g, want 16", s)
			}
			dev.Pull(x)
			return nil
		})
	}
	if err := work(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"cuInit", "cuDriverGetVersion", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceGetAttribute", "cuDeviceTotalMem_v2",
		"cuDevicePrimaryCtxRetain", "cuMemGetInfo_v2", "cuMemAlloc_v2", "cuMemAllocHost_v2", "cuMemsetD8Async",
		"cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2", "cuStreamCreate", "cuStreamSynchronize", "cuModuleLoadData", "cuModuleGetFunction", "cuFuncSetAttribute", "cuLaunchKernel",
	} {
		for after := range int32(2) {
			d.Fail(name, 719, after)
			err := work()
			d.Fail(name, 0, 0)
			if err == nil && after == 0 {
				t.Errorf("%s failed and nothing was said", name)
			}
			if err != nil && !strings.HasPrefix(err.Error(), "cuda: ") {
				t.Errorf("%s: %q", name, err)
			}
		}
	}
	if err := work(); err != nil {
		t.Fatalf("afterwards: %v", err)
	}
}

func TestOutOfMemory(t *testing.T) {
	g, d := cudatest.GPU(t)
	before := d.Used()
	dev, err := g.New()
	if err != nil {
		t.Fatal(err)
	}
	err = compute.Guard(func() error {
		for range 100 {
			dev.Alloc(16 << 20)
		}
		return nil
	})
	if !errors.Is(err, compute.ErrMemory) {
		t.Fatalf("error %v, want out of memory", err)
	}
	message(t, err, "out of device memory")
	dev.Close()
	dev.Close()
	if d.Used() != before {
		t.Errorf("%d bytes are held after Close, %d before", d.Used(), before)
	}
	other, err := g.New()
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	x := other.Alloc(1000)
	other.Pull(x)
	for _, v := range x {
		if v != 0 {
			t.Fatal("memory is not zeroed")
		}
	}
}

func TestLaunchFailure(t *testing.T) {
	g, d := cudatest.GPU(t)
	dev, err := g.New()
	if err != nil {
		t.Fatal(err)
	}
	x := dev.Alloc(10)
	d.Fail("cuLaunchKernel", 719, 0)
	defer d.Fail("cuLaunchKernel", 0, 0)
	err = compute.Guard(func() error { dev.Scale(x, 2); dev.Pull(x); return nil })
	message(t, err, "launch of scale", "CUDA_ERROR_LAUNCH_FAILED")
	if errors.Is(err, compute.ErrMemory) {
		t.Error("a failed launch counts as too little memory")
	}
	dev.Close()
}

// A sequence too long for shared memory, heads too wide: an error that says so.
func TestAttentionLimits(t *testing.T) {
	dev := cudatest.Device(t)
	for _, c := range []struct {
		n, dim int
		want   string
	}{{50000, 8, "a sequence of 50000 tokens"}, {4, 512, "heads of 512"}} {
		h := compute.Heads{Q: 1, KV: 1, Dim: c.dim, Scale: 1}
		v := compute.Of(dev.Alloc(c.n*c.dim), c.n, c.dim)
		err := compute.Guard(func() error {
			dev.Attention(v, v, []compute.Sequence{{N: c.n, K: v, V: v}}, h, nil)
			return nil
		})
		message(t, err, c.want)
	}
}
