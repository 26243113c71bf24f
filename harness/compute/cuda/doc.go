// Package cuda implements compute.Device on an NVIDIA GPU through the driver alone (libcuda, loaded at run time): no cgo, no
// toolkit, no cuBLAS. The kernels (package kernels) are embedded as PTX, which every driver since CUDA 12 compiles for its
// GPU; they follow compute's numerics contract to the letter, so their results are meant to be the CPU's, bit for bit. Runs
// on a GPU are a device class of their own all the same.
//
// Memory is plain device memory. What Alloc returns is a mirror of it in the host's address space: the slice names the
// device's values, and holds them itself only after Pull (or until Push). A mirror that is never touched costs no memory.
//
// Devices of one GPU share its context, kernels and packed weights; each has a stream of its own, so that the runs of a group overlap.
//
// This has not yet run on hardware: see [Proof].
package cuda

// Proof says how far the CUDA path is proven. `theriac devices` prints it, until `make gpu-check` has passed on a GPU.
const Proof = "The CUDA path has not yet run on hardware: its kernels are checked as C++ against the CPU's, its driver calls against a fake driver. Run make gpu-check on the GPU first."
