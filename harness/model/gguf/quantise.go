package gguf

import (
	"encoding/binary"
	"fmt"
	"math"

	"theriac/harness/model/safetensors"
)

// Encode quantises values to Q8_0 or Q4_0 exactly as ggml's reference does (ggml-quants.c, quantize_row_q8_0_ref and quantize_row_q4_0_ref;
// gguf-py, quants.py). len(src) must be a multiple of 32, and the values finite.
func Encode(t Type, src []float32) ([]byte, error) {
	if t != Q8_0 && t != Q4_0 {
		return nil, fmt.Errorf("cannot quantise to ggml type %d: want Q8_0 or Q4_0", t)
	}
	if len(src)%32 != 0 {
		return nil, fmt.Errorf("%d values do not fill blocks of 32", len(src))
	}
	_, bytes, _ := t.layout()
	out := make([]byte, len(src)/32*bytes)
	for k := 0; k < len(src); k += 32 {
		block, dst := src[k:k+32], out[k/32*bytes:][:bytes]
		if t == Q8_0 {
			encodeQ8(block, dst)
		} else {
			encodeQ4(block, dst)
		}
	}
	return out, nil
}

// Decode is Encode's inverse: ggml's dequantize_row, for every type that theriac reads. len(dst) must be what src holds.
func Decode(t Type, src []byte, dst []float32) error {
	values, bytes, ok := t.layout()
	if !ok {
		return fmt.Errorf("ggml type %d: want F32, F16, BF16, Q8_0, Q4_0 or Q4_1", t)
	}
	if len(src)%bytes != 0 || len(src)/bytes*values != len(dst) {
		return fmt.Errorf("%d bytes of ggml type %d are not %d values", len(src), t, len(dst))
	}
	decode(t, src, dst)
	return nil
}

// extreme is the block's value of largest magnitude, the first of several.
func extreme(block []float32) float32 {
	most := float32(0)
	for _, v := range block {
		if abs(v) > abs(most) {
			most = v
		}
	}
	return most
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

// scale stores d and gives what values are multiplied by; ok is false where d is too small for a half: all is 0 then.
func scale(d float32, dst []byte) (inverse float32, ok bool) {
	h := safetensors.ToHalf(d)
	binary.LittleEndian.PutUint16(dst, h)
	if h&0x7fff == 0 {
		return 0, false
	}
	return 1 / d, true
}

// encodeQ8: d = max|x|/127, q = round(x/d), halves away from zero.
func encodeQ8(block []float32, dst []byte) {
	id, ok := scale(abs(extreme(block))/127, dst)
	if !ok {
		return
	}
	for i, v := range block {
		dst[2+i] = byte(int8(math.Round(float64(float32(v * id)))))
	}
}

// encodeQ4: d = extreme/-8, q = min(15, trunc(x/d + 8.5)); low nibbles hold the first half.
func encodeQ4(block []float32, dst []byte) {
	id, ok := scale(extreme(block)/-8, dst)
	for i := range 16 {
		lo, hi := byte(8), byte(8)
		if ok {
			lo, hi = nibble(block[i], id), nibble(block[16+i], id)
		}
		dst[2+i] = lo | hi<<4
	}
}

func nibble(v, id float32) byte {
	return byte(min(15, int(float32(float32(v*id)+8.5))))
}
