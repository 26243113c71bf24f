package cpu

//go:generate go run gen_kernel_arm64.go
//go:generate go run gen_vector_arm64.go

// instructionSets lists what this processor can run, the best first. Every arm64 has NEON.
func instructionSets() []instructionSet {
	return []instructionSet{{"neon", asmKernels, asmVec, transpose8, copy16}, portable}
}
