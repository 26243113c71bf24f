// All kernels of compute/cuda in one translation unit. build.py compiles it to kernels.ptx.
#include "rows.cuh"
#include "head.cuh"
#include "gemm.cuh"
#include "attention.cuh"
