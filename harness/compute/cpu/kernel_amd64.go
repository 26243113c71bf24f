package cpu

import "golang.org/x/sys/cpu"

//go:generate go run gen_kernel_amd64.go
//go:generate go run gen_vector_amd64.go

//go:noescape
func kernel12x32(t *tile)

//go:noescape
func kernel5x16z(t *tile)

//go:noescape
func kernel6x16z(t *tile)

//go:noescape
func kernel12x16z(t *tile)

// instructionSets lists what this processor can run, the best first.
func instructionSets() (s []instructionSet) {
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		avx2 := instructionSet{"avx2", asmKernels, asmVec, transpose8, copy16}
		if cpu.X86.HasAVX512F {
			avx512 := avx2
			avx512.name = "avx512"
			avx512.kernels.big, avx512.kernels.tall = kernel12x32, kernel12x16z
			avx512.kernels.one[5], avx512.kernels.one[6] = kernel5x16z, kernel6x16z // fewer rows keep too few sums going
			s = append(s, avx512)
		}
		s = append(s, avx2)
	}
	return append(s, portable)
}
