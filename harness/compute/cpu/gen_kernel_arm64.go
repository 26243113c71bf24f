//go:build ignore

// Writes kernel_arm64.s: the micro-kernels of kernel.go for NEON, and the
// transposition that packing needs. Go's assembler has no vector FADD and no FMLA by
// element, so these are written as words, the instruction beside them. No prefetching:
// there was no such processor to measure it on.
package main

import (
	"fmt"
	"os"
)

var out *os.File

func p(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }

// fmla: d += n * m[0], fused.
func fmla(d, n, m int) {
	p("\tWORD $0x%08X // FMLA V%d.S4, V%d.S4, V%d.S[0]", 0x4F801000|m<<16|n<<5|d, d, n, m)
}

// fadd: d = n + m.
func fadd(d, n, m int) {
	p("\tWORD $0x%08X // FADD V%d.S4, V%d.S4, V%d.S4", 0x4E20D400|m<<16|n<<5|d, d, n, m)
}

func offset(bytes int) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprint(bytes)
}

// kernel writes a tile of rows x (vecs vectors of 4); panels of 16 columns lie bp apart.
// Accumulators are the highest registers, A's values lie below them, B's vectors from V0 on.
// R0 is t, R1 counts k, R2 is A's stride and R5 its offset, R6... its rows, R4 is B's stride.
func kernel(rows, vecs int) {
	name := fmt.Sprintf("kernel%dx%d", rows, 4*vecs)
	p("\n// func %s(t *tile)\nTEXT ·%s(SB), NOSPLIT, $0-8", name, name)
	acc := func(i, j int) int { return 32 - rows*vecs + i*vecs + j }
	slots := min(4, 32-rows*vecs-2)
	a := func(i int) int { return acc(0, 0) - 1 - i%slots }
	row := func(i int) string { return fmt.Sprintf("R%d", 6+i) }
	panels := (vecs + 3) / 4
	panel := []string{"R3", "R19", "R20", "R21"}[:panels]
	p("\tMOVD t+0(FP), R0\n\tMOVD 0(R0), R1\n\tMOVD 8(R0), R6\n\tMOVD 16(R0), R23\n\tMOVD 24(R0), R2\n\tMOVD 32(R0), R3\n\tMOVD 40(R0), R4")
	for i := 1; i < rows; i++ {
		p("\tADD R23, %s, %s", row(i-1), row(i))
	}
	if panels > 1 {
		p("\tMOVD 48(R0), R23")
	}
	for i := 1; i < panels; i++ {
		p("\tADD R23, %s, %s", panel[i-1], panel[i])
	}
	// each visits the tile in memory, whose columns lie side by side, in pairs of vectors.
	each := func(do func(at string, i, j int)) {
		for i := range rows {
			for j := 0; j < vecs; j += 2 {
				do(offset(16*j)+"(R23)", i, j)
			}
			if i < rows-1 {
				p("\tADD R24, R23, R23")
			}
		}
	}
	p("\tMOVD ZR, R5\n\tMOVD 64(R0), R23\n\tCBNZ R23, load")
	for i := range rows {
		for j := range vecs {
			p("\tVEOR V%d.B16, V%d.B16, V%d.B16", acc(i, j), acc(i, j), acc(i, j))
		}
	}
	p("begin:\n\tCBZ R1, done\n\tPCALIGN $16\nloop:")
	b := func(j int) string { return fmt.Sprintf("%s(%s)", offset(j%4*16), panel[j/4]) }
	if rows == 1 { // B is used once
		p("\tFMOVS (%s)(R5), F%d", row(0), a(0))
		for j := 0; j < vecs; j += 2 {
			f := j % 8
			p("\tFLDPQ %s, (F%d, F%d)", b(j), f, f+1)
			fmla(acc(0, j), f, a(0))
			fmla(acc(0, j+1), f+1, a(0))
		}
	} else {
		for j := 0; j < vecs; j += 2 {
			p("\tFLDPQ %s, (F%d, F%d)", b(j), j, j+1)
		}
		for i := range rows {
			p("\tFMOVS (%s)(R5), F%d", row(i), a(i))
			for j := range vecs {
				fmla(acc(i, j), j, a(i))
			}
		}
	}
	p("\tADD R2, R5, R5")
	for _, r := range panel {
		p("\tADD R4, %s, %s", r, r)
	}
	p("\tSUBS $1, R1, R1\n\tBNE loop\ndone:\n\tMOVD 80(R0), R23\n\tCBZ R23, store\n\tMOVD 88(R0), R24")
	each(func(at string, i, j int) {
		p("\tFLDPQ %s, (F0, F1)", at)
		fadd(acc(i, j), acc(i, j), 0)
		fadd(acc(i, j+1), acc(i, j+1), 1)
	})
	p("store:\n\tMOVD 96(R0), R23\n\tMOVD 104(R0), R24")
	each(func(at string, i, j int) { p("\tFSTPQ (F%d, F%d), %s", acc(i, j), acc(i, j+1), at) })
	p("\tRET\nload:\n\tMOVD 72(R0), R24") // going on from accumulators
	each(func(at string, i, j int) { p("\tFLDPQ %s, (F%d, F%d)", at, acc(i, j), acc(i, j+1)) })
	p("\tB begin")
}

// transpose writes 8 rows by n*8 columns of src as n*8 rows by 8 columns of dst.
func transpose() {
	p("\n// func transpose8(dst unsafe.Pointer, ds uintptr, src unsafe.Pointer, ss uintptr, n int)")
	p("TEXT ·transpose8(SB), NOSPLIT, $0-40")
	p("\tMOVD dst+0(FP), R0\n\tMOVD ds+8(FP), R1\n\tMOVD src+16(FP), R2\n\tMOVD ss+24(FP), R3\n\tMOVD n+32(FP), R4\n\tCBZ R4, done\nloop:")
	p("\tMOVD R2, R5")
	for i := range 8 { // row i: V(i) holds columns 0..3, V(8+i) columns 4..7
		p("\tFLDPQ (R5), (F%d, F%d)", 16+i, 24+i)
		if i < 7 {
			p("\tADD R3, R5, R5")
		}
	}
	p("\tADD $32, R2, R2")
	for _, half := range []int{16, 24} { // four columns
		for r := 0; r < 8; r += 4 { // from four rows: V(r..r+3)
			in := half + r
			p("\tVTRN1 V%d.S4, V%d.S4, V8.S4\n\tVTRN2 V%d.S4, V%d.S4, V9.S4", in+1, in, in+1, in)
			p("\tVTRN1 V%d.S4, V%d.S4, V10.S4\n\tVTRN2 V%d.S4, V%d.S4, V11.S4", in+3, in+2, in+3, in+2)
			for c, from := range []int{8, 9} {
				p("\tVTRN1 V%d.D2, V%d.D2, V%d.D2", from+2, from, r+c)
				p("\tVTRN2 V%d.D2, V%d.D2, V%d.D2", from+2, from, r+c+2)
			}
		}
		for c := range 4 {
			p("\tFSTPQ (F%d, F%d), (R0)\n\tADD R1, R0, R0", c, c+4)
		}
	}
	p("\tSUBS $1, R4, R4\n\tBNE loop\ndone:\n\tRET")
}

// copy16 copies n rows of 16 columns of src to dense rows of dst.
func copy16() {
	p("\n// func copy16(dst, src unsafe.Pointer, ss uintptr, n int)\nTEXT ·copy16(SB), NOSPLIT, $0-32")
	p("\tMOVD dst+0(FP), R0\n\tMOVD src+8(FP), R1\n\tMOVD ss+16(FP), R2\n\tMOVD n+24(FP), R3\n\tCBZ R3, done\nloop:")
	p("\tFLDPQ (R1), (F0, F1)\n\tFLDPQ 32(R1), (F2, F3)\n\tFSTPQ (F0, F1), (R0)\n\tFSTPQ (F2, F3), 32(R0)")
	p("\tADD R2, R1, R1\n\tADD $64, R0, R0\n\tSUBS $1, R3, R3\n\tBNE loop\ndone:\n\tRET")
}

func main() {
	var err error
	if out, err = os.Create("kernel_arm64.s"); err != nil {
		panic(err)
	}
	defer out.Close()
	p("// Code generated by gen_kernel_arm64.go; DO NOT EDIT.\n\n#include \"textflag.h\"")
	for r := 1; r <= 6; r++ {
		kernel(r, 4)
	}
	kernel(2, 8)
	kernel(1, 16)
	for r := 1; r <= 12; r++ {
		kernel(r, 2)
	}
	transpose()
	copy16()
	p("\n// func pause(n int)\nTEXT ·pause(SB), NOSPLIT, $0-8\n\tMOVD n+0(FP), R0\nloop:\n\tISB $15\n\tSUBS $1, R0, R0\n\tBNE loop\n\tRET")
}
