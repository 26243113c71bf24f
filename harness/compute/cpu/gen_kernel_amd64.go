//go:build ignore

// Writes kernel_amd64.s: the micro-kernels of kernel.go for AVX2 with FMA and for
// AVX-512, and the transposition that packing needs.
package main

import (
	"fmt"
	"os"
)

var out *os.File

func p(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }

// kernel writes a tile of rows x (vecs vectors); panels of 16 columns lie bp apart.
// Accumulators are the highest registers; below them B's vectors, then broadcasts of A.
func kernel(name string, reg string, width, rows, vecs int) {
	p("\n// func %s(t *tile)\nTEXT ·%s(SB), NOSPLIT, $0-8", name, name)
	total := 16
	if reg == "Z" {
		total = 32
	}
	acc := func(i, j int) string { return fmt.Sprintf("%s%d", reg, total-1-i*vecs-j) }
	perPanel := 64 / width
	panels := (vecs + perPanel - 1) / perPanel
	p("\tMOVQ t+0(FP), AX\n\tMOVQ 0(AX), CX\n\tMOVQ 8(AX), SI\n\tMOVQ 16(AX), R8\n\tMOVQ 24(AX), R9")
	p("\tMOVQ 32(AX), DI\n\tMOVQ 40(AX), R10\n\tMOVQ 56(AX), R11")
	aptr := []string{"SI", "R12", "R13", "R15"}[:(rows+2)/3]
	for i := 1; i < len(aptr); i++ {
		p("\tLEAQ (%s)(R8*2), %s\n\tADDQ R8, %s", aptr[i-1], aptr[i], aptr[i])
	}
	addr := func(i int) string { return "(" + aptr[i/3] + ")" + []string{"", "(R8*1)", "(R8*2)"}[i%3] }
	bptr := []string{"DI", "BX", "DX", "R13"}[:panels]
	for i := 1; i < panels; i++ {
		p("\tMOVQ %s, %s\n\tADDQ 48(AX), %s", bptr[i-1], bptr[i], bptr[i])
	}
	b := func(j int) string {
		if d := j % perPanel * width; d > 0 {
			return fmt.Sprintf("%d(%s)", d, bptr[j/perPanel])
		}
		return fmt.Sprintf("(%s)", bptr[j/perPanel])
	}
	at := func(j int) string { // of in, base and out, whose columns lie side by side
		if j == 0 {
			return "(R8)"
		}
		return fmt.Sprintf("%d(R8)", j*width)
	}
	p("\tMOVQ 64(AX), AX\n\tTESTQ AX, AX\n\tJNZ %sLoad", name)
	for i := range rows {
		for j := range vecs {
			if reg == "Z" {
				p("\tVPXORD %s, %s, %s", acc(i, j), acc(i, j), acc(i, j))
			} else {
				p("\tVXORPS %s, %s, %s", acc(i, j), acc(i, j), acc(i, j))
			}
		}
	}
	p("%sBegin:\n\tTESTQ CX, CX\n\tJZ %sDone\n\tPCALIGN $32\n%sLoop:", name, name, name)
	for _, r := range bptr {
		p("\tPREFETCHT0 (%s)(R11*1)", r)
	}
	if rows == 1 { // B is used once
		p("\tVBROADCASTSS %s, %s0", addr(0), reg)
		for j := range vecs {
			p("\tVFMADD231PS %s, %s0, %s", b(j), reg, acc(0, j))
		}
	} else {
		for j := range vecs {
			p("\tVMOVUPS %s, %s%d", b(j), reg, j)
		}
		for i := range rows {
			a := fmt.Sprintf("%s%d", reg, vecs+i%2)
			p("\tVBROADCASTSS %s, %s", addr(i), a)
			for j := range vecs {
				p("\tVFMADD231PS %s%d, %s, %s", reg, j, a, acc(i, j))
			}
		}
	}
	for _, r := range aptr {
		p("\tADDQ R9, %s", r)
	}
	for _, r := range bptr {
		p("\tADDQ R10, %s", r)
	}
	p("\tDECQ CX\n\tJNZ %sLoop\n%sDone:", name, name)
	// Base, then out, row by row.
	p("\tMOVQ t+0(FP), AX\n\tMOVQ 80(AX), R8\n\tTESTQ R8, R8\n\tJZ %sStore\n\tMOVQ 88(AX), R9", name)
	for i := range rows {
		for j := range vecs {
			p("\tVADDPS %s, %s, %s", at(j), acc(i, j), acc(i, j))
		}
		if i < rows-1 {
			p("\tADDQ R9, R8")
		}
	}
	p("%sStore:\n\tMOVQ 96(AX), R8\n\tMOVQ 104(AX), R9", name)
	for i := range rows {
		for j := range vecs {
			p("\tVMOVUPS %s, %s", acc(i, j), at(j))
		}
		if i < rows-1 {
			p("\tADDQ R9, R8")
		}
	}
	p("\tVZEROUPPER\n\tRET")
	// Going on from accumulators; R8 and R9 are A's and come back.
	p("%sLoad:\n\tMOVQ t+0(FP), AX\n\tMOVQ 64(AX), R8\n\tMOVQ 72(AX), R9", name)
	for i := range rows {
		for j := range vecs {
			p("\tVMOVUPS %s, %s", at(j), acc(i, j))
		}
		if i < rows-1 {
			p("\tADDQ R9, R8")
		}
	}
	p("\tMOVQ 16(AX), R8\n\tMOVQ 24(AX), R9\n\tJMP %sBegin", name)
}

// transpose writes 8 rows by n*8 columns of src as n*8 rows by 8 columns of dst.
func transpose() {
	p("\n// func transpose8(dst unsafe.Pointer, ds uintptr, src unsafe.Pointer, ss uintptr, n int)")
	p("TEXT ·transpose8(SB), NOSPLIT, $0-40")
	p("\tMOVQ dst+0(FP), DI\n\tMOVQ ds+8(FP), R10\n\tMOVQ src+16(FP), SI\n\tMOVQ ss+24(FP), R8\n\tMOVQ n+32(FP), CX")
	p("\tLEAQ (R8)(R8*2), R9\n\tLEAQ (R10)(R10*2), R11\n\tLEAQ (SI)(R8*4), DX\n\tLEAQ (DI)(R10*4), BX")
	p("transpose8Loop:")
	src := []string{"(SI)", "(SI)(R8*1)", "(SI)(R8*2)", "(SI)(R9*1)", "(DX)", "(DX)(R8*1)", "(DX)(R8*2)", "(DX)(R9*1)"}
	dst := []string{"(DI)", "(DI)(R10*1)", "(DI)(R10*2)", "(DI)(R11*1)", "(BX)", "(BX)(R10*1)", "(BX)(R10*2)", "(BX)(R11*1)"}
	// Rows i and i+4 share a register: [row i 0..3 | row i+4 0..3] and [row i 4..7 | row i+4 4..7].
	for i := range 4 {
		p("\tVMOVUPS %s, X%d\n\tVINSERTF128 $1, %s, Y%d, Y%d", src[i], i, src[i+4], i, i)
		p("\tVMOVUPS 16%s, X%d\n\tVINSERTF128 $1, 16%s, Y%d, Y%d", src[i], 4+i, src[i+4], 4+i, 4+i)
	}
	for h := range 2 { // columns 4h..4h+3
		r := 4 * h
		p("\tVUNPCKLPS Y%d, Y%d, Y8\n\tVUNPCKHPS Y%d, Y%d, Y9", r+1, r, r+1, r)
		p("\tVUNPCKLPS Y%d, Y%d, Y10\n\tVUNPCKHPS Y%d, Y%d, Y11", r+3, r+2, r+3, r+2)
		p("\tVSHUFPS $0x44, Y10, Y8, Y12\n\tVSHUFPS $0xEE, Y10, Y8, Y13\n\tVSHUFPS $0x44, Y11, Y9, Y14\n\tVSHUFPS $0xEE, Y11, Y9, Y15")
		for i := range 4 {
			p("\tVMOVUPS Y%d, %s", 12+i, dst[r+i])
		}
	}
	p("\tADDQ $32, SI\n\tADDQ $32, DX\n\tLEAQ (DI)(R10*8), DI\n\tLEAQ (BX)(R10*8), BX\n\tDECQ CX\n\tJNZ transpose8Loop\n\tVZEROUPPER\n\tRET")
}

// copy16 copies n rows of 16 columns of src to dense rows of dst.
func copy16() {
	p("\n// func copy16(dst, src unsafe.Pointer, ss uintptr, n int)\nTEXT ·copy16(SB), NOSPLIT, $0-32")
	p("\tMOVQ dst+0(FP), DI\n\tMOVQ src+8(FP), SI\n\tMOVQ ss+16(FP), R8\n\tMOVQ n+24(FP), CX\n\tLEAQ (SI)(R8*8), R9\n\tTESTQ CX, CX\n\tJZ copy16Done\ncopy16Loop:")
	p("\tPREFETCHT0 (R9)\n\tVMOVUPS (SI), Y0\n\tVMOVUPS 32(SI), Y1\n\tVMOVUPS Y0, (DI)\n\tVMOVUPS Y1, 32(DI)")
	p("\tADDQ R8, SI\n\tADDQ R8, R9\n\tADDQ $64, DI\n\tDECQ CX\n\tJNZ copy16Loop\ncopy16Done:\n\tVZEROUPPER\n\tRET")
}

func main() {
	var err error
	if out, err = os.Create("kernel_amd64.s"); err != nil {
		panic(err)
	}
	defer out.Close()
	p("// Code generated by gen_kernel_amd64.go; DO NOT EDIT.\n\n#include \"textflag.h\"")
	for r := 1; r <= 6; r++ {
		kernel(fmt.Sprintf("kernel%dx16", r), "Y", 32, r, 2)
	}
	kernel("kernel2x32", "Y", 32, 2, 4)
	kernel("kernel1x64", "Y", 32, 1, 8)
	for r := 1; r <= 12; r++ {
		kernel(fmt.Sprintf("kernel%dx8", r), "Y", 32, r, 1)
	}
	kernel("kernel12x32", "Z", 64, 12, 2)
	for _, r := range []int{5, 6, 12} {
		kernel(fmt.Sprintf("kernel%dx16z", r), "Z", 64, r, 1)
	}
	transpose()
	copy16()
	p("\n// func pause(n int)\nTEXT ·pause(SB), NOSPLIT, $0-8\n\tMOVQ n+0(FP), CX\npauseLoop:\n\tPAUSE\n\tDECQ CX\n\tJNZ pauseLoop\n\tRET")
}
