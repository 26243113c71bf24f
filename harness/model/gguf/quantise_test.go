package gguf

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"testing"
)

// Quantisation and its inverse are gguf-py's, byte for byte. testdata/quants.py made the oracle.
func TestQuantiseLikeGGUFPy(t *testing.T) {
	data, err := os.ReadFile("testdata/quants.json")
	if err != nil {
		t.Fatal(err)
	}
	type blob struct{ Bytes, Values string }
	var ref struct {
		Values string
		Q8     blob `json:"Q8_0"`
		Q4     blob `json:"Q4_0"`
	}
	if err := json.Unmarshal(data, &ref); err != nil {
		t.Fatal(err)
	}
	src := floats(t, ref.Values)
	for kind, want := range map[Type]blob{Q8_0: ref.Q8, Q4_0: ref.Q4} {
		got, err := Encode(kind, src)
		if err != nil {
			t.Fatal(err)
		}
		wantBytes, err := hex.DecodeString(want.Bytes)
		if err != nil || len(wantBytes) != len(got) || len(got) == 0 {
			t.Fatalf("type %d: %d bytes, the oracle has %d (%v)", kind, len(got), len(wantBytes), err)
		}
		_, size, _ := kind.layout()
		different := 0
		for i := 0; i < len(got); i += size {
			// Where the scale rounds to zero, every value is zero and the codes mean nothing.
			if binary.LittleEndian.Uint16(wantBytes[i:])&0x7fff == 0 {
				continue
			}
			if string(got[i:i+size]) != string(wantBytes[i:i+size]) {
				different++
			}
		}
		if different > 0 {
			t.Errorf("type %d: %d of %d blocks differ from gguf-py's", kind, different, len(got)/size)
		}
		back := make([]float32, len(src))
		if err := Decode(kind, got, back); err != nil {
			t.Fatal(err)
		}
		for i, v := range floats(t, want.Values) {
			if v != back[i] {
				t.Fatalf("type %d, value %d: %g comes back as %g, in gguf-py as %g", kind, i, src[i], back[i], v)
			}
		}
	}
}

func floats(t *testing.T, s string) []float32 {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func TestEncodeRefuses(t *testing.T) {
	if _, err := Encode(Q4_1, make([]float32, 32)); err == nil {
		t.Error("Q4_1 was encoded")
	}
	if _, err := Encode(Q8_0, make([]float32, 31)); err == nil {
		t.Error("31 values were encoded")
	}
	if err := Decode(Q8_0, make([]byte, 34), make([]float32, 33)); err == nil {
		t.Error("34 bytes were decoded to 33 values")
	}
}
