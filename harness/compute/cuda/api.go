package cuda

import (
	"errors"
	"fmt"
	"unsafe"

	"theriac/harness/compute"
)

// Library is the environment variable that names another driver library than the system's; tests set it.
const Library = "THERIAC_LIBCUDA"

// api is what is used of the driver's interface. Handles and device addresses are uintptr.
type api struct {
	cuInit                   func(flags uint32) int32
	cuDriverGetVersion       func(version *int32) int32
	cuDeviceGetCount         func(n *int32) int32
	cuDeviceGet              func(dev *int32, ordinal int32) int32
	cuDeviceGetName          func(name *byte, n, dev int32) int32
	cuDeviceGetAttribute     func(value *int32, attribute, dev int32) int32
	cuDeviceTotalMem         func(bytes *uintptr, dev int32) int32
	cuDevicePrimaryCtxRetain func(ctx *uintptr, dev int32) int32
	cuMemGetInfo             func(free, total *uintptr) int32
	cuMemAlloc               func(p *uintptr, n uintptr) int32
	cuMemFree                func(p uintptr) int32
	cuMemAllocHost           func(p *uintptr, n uintptr) int32
	cuMemFreeHost            func(p uintptr) int32
	cuMemsetD8Async          func(p uintptr, v byte, n, stream uintptr) int32
	cuMemcpyHtoDAsync        func(dst uintptr, src unsafe.Pointer, n, stream uintptr) int32
	cuMemcpyDtoHAsync        func(dst unsafe.Pointer, src, n, stream uintptr) int32
	cuStreamCreate           func(stream *uintptr, flags uint32) int32
	cuStreamSynchronize      func(stream uintptr) int32
	cuModuleLoadData         func(module *uintptr, image *byte) int32
	cuModuleGetFunction      func(f *uintptr, module uintptr, name string) int32
	cuFuncSetAttribute       func(f uintptr, attribute, value int32) int32
	cuGetErrorName           func(code int32, name *uintptr) int32
	cuLaunchKernel           uintptr // this and the next are called for every operator, so without reflection
	cuCtxSetCurrent          uintptr
}

// symbols are the names under which the driver exports them.
func (a *api) symbols() []struct {
	name string
	to   any
} {
	return []struct {
		name string
		to   any
	}{
		{"cuInit", &a.cuInit}, {"cuDriverGetVersion", &a.cuDriverGetVersion}, {"cuDeviceGetCount", &a.cuDeviceGetCount},
		{"cuDeviceGet", &a.cuDeviceGet}, {"cuDeviceGetName", &a.cuDeviceGetName}, {"cuDeviceGetAttribute", &a.cuDeviceGetAttribute},
		{"cuDeviceTotalMem_v2", &a.cuDeviceTotalMem}, {"cuDevicePrimaryCtxRetain", &a.cuDevicePrimaryCtxRetain}, {"cuCtxSetCurrent", &a.cuCtxSetCurrent},
		{"cuMemGetInfo_v2", &a.cuMemGetInfo}, {"cuMemAlloc_v2", &a.cuMemAlloc}, {"cuMemFree_v2", &a.cuMemFree},
		{"cuMemAllocHost_v2", &a.cuMemAllocHost}, {"cuMemFreeHost", &a.cuMemFreeHost}, {"cuMemsetD8Async", &a.cuMemsetD8Async},
		{"cuMemcpyHtoDAsync_v2", &a.cuMemcpyHtoDAsync}, {"cuMemcpyDtoHAsync_v2", &a.cuMemcpyDtoHAsync},
		{"cuStreamCreate", &a.cuStreamCreate}, {"cuStreamSynchronize", &a.cuStreamSynchronize},
		{"cuModuleLoadData", &a.cuModuleLoadData}, {"cuModuleGetFunction", &a.cuModuleGetFunction}, {"cuFuncSetAttribute", &a.cuFuncSetAttribute},
		{"cuGetErrorName", &a.cuGetErrorName}, {"cuLaunchKernel", &a.cuLaunchKernel},
	}
}

// Codes of the driver that are told apart.
const (
	codeMemory   = 2
	codeNoDevice = 100
)

// fail is the error of a driver call that returned code, or nil.
func (a *api) fail(call string, code int32) error {
	if code == 0 {
		return nil
	}
	name := fmt.Sprint("error ", code)
	var p uintptr
	if a.cuGetErrorName(code, &p) == 0 && p != 0 {
		name = text(p)
	}
	err := errors.New("cuda: " + call + ": " + name)
	if code == codeMemory {
		err = fmt.Errorf("cuda: %w (%s); make batches or --max-tokens smaller, or use --device cpu", compute.ErrMemory, call)
	}
	return &compute.Fault{Err: err}
}

// text is a C string.
func text(p uintptr) string {
	b := *(*unsafe.Pointer)(unsafe.Pointer(&p))
	n := 0
	for *(*byte)(unsafe.Add(b, n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(b), n))
}
