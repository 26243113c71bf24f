package cuda

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"github.com/ebitengine/purego"
)

// load opens the driver's library and finds its functions.
func load() (*api, error) {
	name := "libcuda.so.1"
	if other := os.Getenv(Library); other != "" {
		name = other
	}
	lib, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("cuda: no NVIDIA driver: %s was not found; install the driver (525 or later), or use --device cpu", name)
	}
	a := &api{}
	for _, s := range a.symbols() {
		p, err := purego.Dlsym(lib, s.name)
		if err != nil {
			return nil, fmt.Errorf("cuda: %s has no %s: the driver is too old; install 525 or later, or use --device cpu", name, s.name)
		}
		if raw, ok := s.to.(*uintptr); ok {
			*raw = p
			continue
		}
		purego.RegisterFunc(s.to, p)
	}
	return a, nil
}

// launch calls cuLaunchKernel for x·y·z blocks of 256 threads; params points to the kernel's one parameter.
func (a *api) launch(f, x, y, z, shared, stream uintptr, params *unsafe.Pointer) int32 {
	r, _, _ := purego.SyscallN(a.cuLaunchKernel, f, x, y, z, 256, 1, 1, shared, stream, uintptr(unsafe.Pointer(params)), 0)
	return int32(r)
}

// current calls cuCtxSetCurrent.
func (a *api) current(ctx uintptr) int32 {
	r, _, _ := purego.SyscallN(a.cuCtxSetCurrent, ctx)
	return int32(r)
}

// reserve takes n bytes of address space that cost nothing until they are touched; shared, so that they do not count towards a limit
// on the process's data.
func reserve(n int) ([]byte, error) {
	return syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED|syscall.MAP_ANON|syscall.MAP_NORESERVE)
}

func unreserve(b []byte) { _ = syscall.Munmap(b) }
