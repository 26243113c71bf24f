//go:build linux && (amd64 || arm64)

package main

import (
	"fmt"
	"os"
	"strings"
	"unsafe"

	"github.com/ebitengine/purego"
)

// blas is the part of OpenBLAS that the comparison needs.
type blas struct {
	sgemm   func(order, transA, transB, m, n, k int32, alpha float32, a unsafe.Pointer, lda int32, b unsafe.Pointer, ldb int32, beta float32, c unsafe.Pointer, ldc int32)
	threads func(n int32)
	config  string
}

const (
	rowMajor = 101
	noTrans  = 111
	trans    = 112
)

// openBLAS loads the library at run time.
func openBLAS(path string) (*blas, error) {
	var lib uintptr
	var tried []string
	for _, name := range append(strings.Fields(path), "libopenblas.so.0", "libopenblas.so") {
		h, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL)
		if err == nil {
			lib = h
			break
		}
		tried = append(tried, name)
	}
	if lib == 0 {
		return nil, fmt.Errorf("openblas: none of %s could be loaded; install it (Debian and Ubuntu: apt-get install libopenblas0-pthread) or name the library with -blas", strings.Join(tried, ", "))
	}
	b := new(blas)
	var config, core func() string
	purego.RegisterLibFunc(&b.sgemm, lib, "cblas_sgemm")
	purego.RegisterLibFunc(&b.threads, lib, "openblas_set_num_threads")
	purego.RegisterLibFunc(&config, lib, "openblas_get_config")
	purego.RegisterLibFunc(&core, lib, "openblas_get_corename")
	b.config = strings.TrimSpace(config()) + ", kernels for " + core()
	for _, e := range []string{"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"} {
		if os.Getenv(e) != "" {
			b.config += " (" + e + " is set and may slow it)"
		}
	}
	return b, nil
}
