package cpu

import "unsafe"

// instructionSet is the kernels that use one instruction set. All give the same bits.
type instructionSet struct {
	name    string
	kernels kernelSet
	vec     vec
	// transpose8 writes 8 rows by n*8 columns of src as n*8 rows by 8 columns of dst; nil: none.
	transpose8 func(dst unsafe.Pointer, ds uintptr, src unsafe.Pointer, ss uintptr, n int)
	// copy16 copies n rows of 16 columns of src to dense rows of dst; nil: none.
	copy16 func(dst, src unsafe.Pointer, ss uintptr, n int)
}

var portable = instructionSet{name: "portable", kernels: portableKernels(), vec: goVec}

// best is the instruction set that new devices use.
var best = instructionSets()[0]
