//go:build !linux

package cuda

import (
	"errors"
	"unsafe"
)

func load() (*api, error) {
	return nil, errors.New("cuda: only Linux is supported; use --device cpu")
}

func (a *api) launch(f, x, y, z, shared, stream uintptr, params *unsafe.Pointer) int32 {
	panic("cuda: no driver")
}

func (a *api) current(uintptr) int32 { panic("cuda: no driver") }

func reserve(int) ([]byte, error) { return nil, errors.New("cuda: only Linux is supported") }

func unreserve([]byte) {}
