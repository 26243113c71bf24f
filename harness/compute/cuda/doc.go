// Package cuda implements compute.Device on an NVIDIA GPU through the driver alone (libcuda, loaded at run time): no cgo, no
// toolkit, no cuBLAS. The kernels (package kernels) are embedded as PTX, which every driver since CUDA 12 compiles for its
// GPU; they follow compute's numerics contract to the letter, so their results are the CPU's, bit for bit, and a run has
// one name wherever it was computed.
//
// Memory is plain device memory. What Alloc returns is a mirror of it in the host's address space: the slice names the
// device's values, and holds them itself only after Pull (or until Push). A mirror that is never touched costs no memory.
//
// Devices of one GPU share its context, kernels, packed weights and stream. Each has a queue of its own; the same kernel that stands
// first in several queues is launched once for them all, so a group of runs costs little more launches than one.
//
// Two device classes: "cuda", and "cuda-tf32", where products with frozen weights run on the tensor cores with factors rounded to
// TF32. The first gives the CPU's bits; the second is other numerics, the same from run to run and in any company.
package cuda

// Proof says how far the CUDA path is proven; `theriac devices` prints it. gpucheck/H200.md is the whole report.
const Proof = "make gpu-check has passed on an NVIDIA H200 (compute capability 9.0, driver for CUDA 13.0): float32 gives the CPU's bits. Run it on another GPU before you trust that one."
