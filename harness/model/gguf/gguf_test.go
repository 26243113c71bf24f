package gguf

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// gguf-py's file reads as gguf-py reads it. testdata/every_type.py made it.
func TestReadLikeGGUFPy(t *testing.T) {
	f, err := Open("testdata/every_type.gguf")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for k, want := range map[string]any{
		"general.architecture": "llama", "a.uint8": uint64(200), "a.int8": int64(-100), "a.uint16": uint64(60000), "a.int16": int64(-30000),
		"a.uint32": uint64(4000000000), "a.int32": int64(-2000000000), "a.uint64": uint64(1<<63 + 1), "a.int64": int64(-1 << 62),
		"a.float32": float64(float32(0.1)), "a.float64": 0.1, "a.bool": true, "a.string": "grüße <|x|>",
		"a.strings": []string{"one", "", "drei"}, "a.integers": []any{int64(3), int64(2), int64(1)},
	} {
		if !reflect.DeepEqual(f.Meta[k], want) {
			t.Errorf("%s is %#v, want %#v", k, f.Meta[k], want)
		}
	}
	data, err := os.ReadFile("testdata/every_type.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref map[string]string
	if err := json.Unmarshal(data, &ref); err != nil || len(ref) != 7 {
		t.Fatal(len(ref), err)
	}
	for name, want := range ref {
		s := f.Tensor(name)
		if s == nil || !reflect.DeepEqual(s.Shape, []int{3, 64}) {
			t.Fatalf("%s: %+v", name, s)
		}
		got := make([]float32, s.Count())
		err := f.Read(name, got)
		if name == "t.Q5_0" {
			if err == nil || !strings.Contains(err.Error(), "ggml type 6: want") || s.Readable() == nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || s.Readable() != nil {
			t.Fatal(err)
		}
		for i, v := range floats(t, want) {
			if got[i] != v {
				t.Fatalf("%s[%d] is %g, want %g", name, i, got[i], v)
			}
		}
	}
}

// builder writes GGUF files, good and bad.
type builder []byte

func (b *builder) u32(v uint32) *builder { *b = binary.LittleEndian.AppendUint32(*b, v); return b }
func (b *builder) u64(v uint64) *builder { *b = binary.LittleEndian.AppendUint64(*b, v); return b }
func (b *builder) str(s string) *builder { b.u64(uint64(len(s))); *b = append(*b, s...); return b }

// start is a header for so many tensors and keys.
func start(tensors, keys uint64) *builder {
	b := builder("GGUF")
	return b.u32(3).u64(tensors).u64(keys)
}

// tensor adds a tensor's description; dims are innermost first.
func (b *builder) tensor(name string, kind Type, offset uint64, dims ...uint64) *builder {
	b.str(name).u32(uint32(len(dims)))
	for _, d := range dims {
		b.u64(d)
	}
	return b.u32(uint32(kind)).u64(offset)
}

// body pads to 32 bytes and adds n more.
func (b *builder) body(n int) []byte {
	for len(*b)%32 != 0 {
		*b = append(*b, 0)
	}
	return append(*b, make([]byte, n)...)
}

func TestRefuses(t *testing.T) {
	good := start(1, 0).tensor("a", F32, 0, 4).body(16)
	if _, err := Parse("x", good); err != nil {
		t.Fatal(err)
	}
	version := builder("GGUF")
	nested := start(0, 1).str("k").u32(9)
	for range 8 {
		nested.u32(9).u64(1)
	}
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":             {nil, "no GGUF file"},
		"another file":        {[]byte("PK\x03\x04 and more than twenty-four bytes"), "no GGUF file"},
		"another version":     {*version.u32(1).u64(0).u64(0), "GGUF version 1"},
		"many keys":           {*start(0, 1<<60), "0 are left"},
		"many tensors":        {*start(1<<60, 0), "0 are left"},
		"a long key":          {*start(0, 1).u64(1 << 62), "4611686018427387904 bytes are claimed"},
		"a long string":       {*start(0, 1).str("k").u32(8).u64(1<<64 - 1), "bytes are claimed"},
		"a long array":        {*start(0, 1).str("k").u32(9).u32(4).u64(1 << 40), "an array claims 1099511627776 elements"},
		"a nested array":      {*nested, "nested too deeply"},
		"an unknown type":     {*start(0, 1).str("k").u32(99), "metadata type 99 is unknown"},
		"a key twice":         {*start(0, 2).str("k").u32(4).u32(1).str("k").u32(4).u32(1), `metadata key "k" stands twice`},
		"five dimensions":     {start(1, 0).tensor("a", F32, 0, 1, 1, 1, 1, 1).body(4), "has 5 dimensions"},
		"dimension zero":      {start(1, 0).tensor("a", F32, 0, 0).body(4), "dimension 0 is out of range"},
		"an overflow":         {start(1, 0).tensor("a", F32, 0, 1<<40, 1<<40).body(4), "out of range"},
		"a tensor twice":      {start(2, 0).tensor("a", F32, 0, 4).tensor("a", F32, 32, 4).body(64), `tensor "a" stands twice`},
		"a cut body":          {good[:len(good)-1], "lie outside the file's"},
		"an offset of a lie":  {start(1, 0).tensor("a", F32, 1<<63, 4).body(16), "lie outside the file's"},
		"a crooked offset":    {start(1, 0).tensor("a", F32, 4, 3).body(16), "want a multiple of 32"},
		"an overlap":          {start(2, 0).tensor("a", F32, 0, 16).tensor("b", F32, 32, 8).body(64), `tensors "a" and "b" overlap`},
		"half a block":        {start(1, 0).tensor("a", Q8_0, 0, 16).body(64), "do not fill blocks of 32"},
		"a block of a number": {start(1, 0).tensor("a", Q4_0, 0).body(64), "do not fill blocks of 32"},
		"alignment 0":         {start(0, 1).str("general.alignment").u32(4).u32(0).body(0), "general.alignment is 0"},
		"alignment as text":   {start(0, 1).str("general.alignment").u32(8).str("32").body(0), "general.alignment is 32: want a multiple"},
		"alignment 2^31":      {start(0, 1).str("general.alignment").u32(4).u32(1 << 31).body(0), "general.alignment is 2147483648"},
	} {
		_, err := Parse("x", test.data)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
		path := filepath.Join(t.TempDir(), "x.gguf")
		if err := os.WriteFile(path, test.data, 0o666); err != nil {
			t.Fatal(err)
		}
		if f, err := Open(path); err == nil {
			f.Close()
			t.Errorf("%s: opened", name)
		}
	}
	f, err := Parse("x", good)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Read("b", nil); err == nil {
		t.Error("a tensor that is not there was read")
	}
	if err := f.Read("a", make([]float32, 3)); err == nil {
		t.Error("4 values were read into 3")
	}
}

// A file cut anywhere is an error or, past its last tensor's end, whole.
func TestEveryTruncation(t *testing.T) {
	data, err := os.ReadFile("testdata/every_type.gguf")
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for n := range data {
		if _, err := Parse("x", data[:n]); err != nil {
			refused++
		}
	}
	if refused < len(data)*9/10 {
		t.Errorf("%d of %d truncations were refused", refused, len(data))
	}
}

// Whatever the bytes: tensors that can be read, or an error.
func FuzzGGUF(f *testing.F) {
	data, err := os.ReadFile("testdata/every_type.gguf")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(start(1, 0).tensor("a", Q4_1, 0, 32).body(20))
	f.Add(start(1, 1).str("k").u32(9).u32(8).u64(1).str("v").tensor("a", F16, 0, 2, 2).body(8))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("x", data)
		if err != nil {
			return
		}
		for _, s := range file.Tensors {
			if s.Readable() != nil {
				continue
			}
			if s.Count() < 0 || s.Count() > 2*len(data) {
				t.Fatalf("%q claims %d values in %d bytes", s.Name, s.Count(), len(data))
			}
			if err := file.Read(s.Name, make([]float32, s.Count())); err != nil {
				t.Fatal(err)
			}
		}
	})
}
