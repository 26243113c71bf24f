package cpu

import "golang.org/x/sys/cpu"

//go:generate go run gen_kernel_amd64.go
//go:generate go run gen_vector_amd64.go

//go:noescape
func kernel12x32(t *tile)

// instructionSets lists what this processor can run, the best first.
func instructionSets() (s []instructionSet) {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		avx2 := instructionSet{"avx2", asmKernels, asmVec, transpose8}
		if cpu.X86.HasAVX512F {
			avx512 := avx2
			avx512.name, avx512.kernels.big = "avx512", kernel12x32
			s = append(s, avx512)
		}
		s = append(s, avx2)
	}
	return append(s, portable)
}
