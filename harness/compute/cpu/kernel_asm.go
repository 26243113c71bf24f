//go:build amd64 || arm64

package cpu

// The micro-kernels in assembly: what each computes is kernelGo's to say.

import "unsafe"

//go:noescape
func kernel1x16(t *tile)

//go:noescape
func kernel2x16(t *tile)

//go:noescape
func kernel3x16(t *tile)

//go:noescape
func kernel4x16(t *tile)

//go:noescape
func kernel5x16(t *tile)

//go:noescape
func kernel6x16(t *tile)

//go:noescape
func kernel2x32(t *tile)

//go:noescape
func kernel1x64(t *tile)

//go:noescape
func kernel1x8(t *tile)

//go:noescape
func kernel2x8(t *tile)

//go:noescape
func kernel3x8(t *tile)

//go:noescape
func kernel4x8(t *tile)

//go:noescape
func kernel5x8(t *tile)

//go:noescape
func kernel6x8(t *tile)

//go:noescape
func kernel7x8(t *tile)

//go:noescape
func kernel8x8(t *tile)

//go:noescape
func kernel9x8(t *tile)

//go:noescape
func kernel10x8(t *tile)

//go:noescape
func kernel11x8(t *tile)

//go:noescape
func kernel12x8(t *tile)

//go:noescape
func transpose8(dst unsafe.Pointer, ds uintptr, src unsafe.Pointer, ss uintptr, n int)

//go:noescape
func copy16(dst, src unsafe.Pointer, ss uintptr, n int)

// pause waits for n times the processor's spin hint.
func pause(n int)

// asmKernels is what AVX2 and NEON have in common; the files of either name them alike.
var asmKernels = kernelSet{
	one:  [tileRows + 1]kernel{nil, kernel1x16, kernel2x16, kernel3x16, kernel4x16, kernel5x16, kernel6x16},
	wide: [3]kernel{nil, kernel1x64, kernel2x32},
	half: [halfRows + 1]kernel{nil, kernel1x8, kernel2x8, kernel3x8, kernel4x8, kernel5x8, kernel6x8,
		kernel7x8, kernel8x8, kernel9x8, kernel10x8, kernel11x8, kernel12x8},
}
