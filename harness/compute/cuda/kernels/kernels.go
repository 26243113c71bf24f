// Package kernels holds compute/cuda's kernels: CUDA C, which is also C++ (common.cuh says how), and the PTX that
// build.py made of it.
package kernels

import "embed"

// PTX is text for the driver, which compiles it for the GPU at hand.
//
//go:embed kernels.ptx
var PTX []byte

// Source is the kernels' source, for tests that compile it.
//
//go:embed *.cu *.cuh build.py
var Source embed.FS
