// Package cudatest gives tests a GPU where there is none: a driver library whose kernels are compute/cuda's own source,
// compiled as C++ (testdata/driver.cpp says how it differs from a driver). Without g++ such tests skip by name.
package cudatest

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ebitengine/purego"

	"theriac/harness/compute/cuda"
	"theriac/harness/compute/cuda/kernels"
	"theriac/harness/needs"
)

//go:embed testdata/driver.cpp
var driver embed.FS

// Library builds the driver library, once for a source and machine, and gives its path.
func Library(t testing.TB) string {
	t.Helper()
	gxx := needs.Tool(t, "g++")
	h := sha256.New()
	dir := t.TempDir()
	for _, from := range []fs.FS{kernels.Source, driver} {
		err := fs.WalkDir(from, ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(from, path)
			if err != nil {
				return err
			}
			fmt.Fprintf(h, "%s %d\n%s", path, len(data), data)
			return os.WriteFile(filepath.Join(dir, filepath.Base(path)), data, 0o666)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "theriac", "cudatest")
	out := filepath.Join(cache, hex.EncodeToString(h.Sum(nil))[:16]+".so")
	if _, err := os.Stat(out); err == nil {
		return out
	}
	if err := os.MkdirAll(cache, 0o777); err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(dir, "driver.so")
	// Not -O3: GCC 12's distribution of loops loses an assignment in gemm_tf32.
	cmd := exec.Command(gxx, "-std=c++17", "-O2", "-march=native", "-ffp-contract=off", "-fPIC", "-shared", "-w", "-I", dir, filepath.Join(dir, "driver.cpp"), "-o", part)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("g++: %v\n%s", err, text)
	}
	data, err := os.ReadFile(part)
	if err != nil {
		t.Fatal(err)
	}
	tmp, err := os.CreateTemp(cache, "part")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := tmp.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(tmp.Name(), out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Driver is the fake driver's own controls. They act on the whole process, so tests that use them are not parallel.
type Driver struct {
	// Fail makes the named function return code after that many more calls; code 0 ends it and mends the context.
	Fail    func(name string, code, after int32)
	Memory  func(bytes uint64)
	Version func(v int32)
	Count   func(n int32)
	Used    func() uint64 // bytes allocated
	// Refusals is how often memory was asked for that there was not.
	Refusals func() int32
}

// Memory is how much the device has unless a test says otherwise.
const Memory = 1 << 30

// Use makes the fake driver this test's driver library.
func Use(t testing.TB) *Driver {
	t.Helper()
	path := Library(t)
	t.Setenv(cuda.Library, path)
	lib, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		t.Fatal(err)
	}
	d := &Driver{}
	purego.RegisterLibFunc(&d.Fail, lib, "fake_fail")
	purego.RegisterLibFunc(&d.Memory, lib, "fake_memory")
	purego.RegisterLibFunc(&d.Version, lib, "fake_version")
	purego.RegisterLibFunc(&d.Count, lib, "fake_devices")
	purego.RegisterLibFunc(&d.Used, lib, "fake_used")
	purego.RegisterLibFunc(&d.Refusals, lib, "fake_refusals")
	t.Cleanup(func() { d.Memory(Memory); d.Version(12040); d.Count(1) })
	return d
}

// GPU opens the fake driver's GPU.
func GPU(t testing.TB) (*cuda.GPU, *Driver) {
	t.Helper()
	d := Use(t)
	g, err := cuda.Open()
	if err != nil {
		t.Fatal(err)
	}
	return g, d
}

// Device is a device of the fake driver's GPU, closed when the test ends.
func Device(t testing.TB) *cuda.Device {
	t.Helper()
	g, _ := GPU(t)
	d, err := g.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}
