package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

type oracle struct {
	Values map[string][]int32 // float32 bits
	Shapes map[string][]int
}

func readOracle(t *testing.T) (*File, oracle) {
	t.Helper()
	data, err := os.ReadFile("testdata/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var o oracle
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	f, err := Open("testdata/oracle.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, o
}

func values(t testing.TB, f *File, name string) []float32 {
	t.Helper()
	out := make([]float32, f.Info(name).Count())
	if err := f.Read(name, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// The library's files read as PyTorch reads them, bit for bit. testdata/oracle.py made them.
func TestReadLikeTheLibrary(t *testing.T) {
	f, o := readOracle(t)
	if len(f.Names()) != 6 || f.Metadata["format"] != "pt" {
		t.Errorf("tensors %v, metadata %v", f.Names(), f.Metadata)
	}
	for name, want := range o.Values {
		if got := f.Info(name).Shape; len(got) != len(o.Shapes[name]) || len(got) > 0 && !reflect.DeepEqual(got, o.Shapes[name]) {
			t.Errorf("%s: shape %v, want %v", name, got, o.Shapes[name])
		}
		for i, v := range values(t, f, name) {
			if int32(math.Float32bits(v)) != want[i] {
				t.Fatalf("%s[%d] is %g, want %g", name, i, v, math.Float32frombits(uint32(want[i])))
			}
		}
	}
}

// Values round to F16 and BF16 as PyTorch rounds them.
func TestRoundLikePyTorch(t *testing.T) {
	f, o := readOracle(t)
	x := values(t, f, "f32")
	k := 0
	for i, v := range x {
		if got := math.Float32frombits(uint32(ToBF16(v)) << 16); int32(math.Float32bits(got)) != o.Values["bf16"][i] {
			t.Errorf("%g rounds to BF16 %g", v, got)
		}
		if math.Abs(float64(v)) >= 65520 {
			continue
		}
		if got := Half(ToHalf(v)); int32(math.Float32bits(got)) != o.Values["f16"][k] {
			t.Errorf("%g rounds to F16 %g, in PyTorch to %g", v, got, math.Float32frombits(uint32(o.Values["f16"][k])))
		}
		k++
	}
	if k < 200 || k != len(o.Values["f16"]) {
		t.Errorf("%d values were compared, the oracle has %d", k, len(o.Values["f16"]))
	}
}

// Every half value survives the way through float32.
func TestHalfRoundTrip(t *testing.T) {
	for h := range 1 << 16 {
		v := Half(uint16(h))
		if got := ToHalf(v); got != uint16(h) && v == v {
			t.Fatalf("%#x is %g, which is %#x", h, v, got)
		} else if v != v && got&0x7fff <= 0x7c00 {
			t.Fatalf("NaN %#x became %#x", h, got)
		}
	}
}

// What is written reads back; the same tensors in any order give the same bytes.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 5).Draw(t, "tensors")
		var tensors []Tensor
		for i := range n {
			s := Tensor{Name: fmt.Sprintf("%s.%d", rapid.StringN(0, 8, -1).Draw(t, "name"), i)}
			s.Shape = rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(t, "shape")
			s.Data = rapid.SliceOfN(rapid.Float32(), (&Info{Shape: s.Shape}).Count(), (&Info{Shape: s.Shape}).Count()).Draw(t, "values")
			tensors = append(tensors, s)
		}
		var a, b bytes.Buffer
		if err := Write(&a, tensors, map[string]string{"k": "v"}, F32); err != nil {
			t.Fatal(err)
		}
		if err := Write(&b, rapid.Permutation(tensors).Draw(t, "order"), map[string]string{"k": "v"}, F32); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.Bytes(), b.Bytes()) {
			t.Fatal("the order of the tensors changes the bytes")
		}
		f, err := Parse("x", a.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Names()) != n {
			t.Fatalf("%d tensors, want %d", len(f.Names()), n)
		}
		for _, s := range tensors {
			if f.Info(s.Name) == nil {
				t.Fatalf("%q is lost", s.Name)
			}
			got := make([]float32, len(s.Data))
			if err := f.Read(s.Name, got); err != nil {
				t.Fatal(err)
			}
			for i, v := range got {
				if math.Float32bits(v) != math.Float32bits(s.Data[i]) {
					t.Fatalf("%q[%d] is %g, want %g", s.Name, i, v, s.Data[i])
				}
			}
		}
	})
}

// raw is a file with the given header.
func raw(header string, body int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, body)...)
}

func TestRefuses(t *testing.T) {
	one := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"a":{"dtype":"%s","shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	for name, test := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":             {nil, "0 bytes are no safetensors file"},
		"a header of a lie":   {binary.LittleEndian.AppendUint64(nil, 1<<63), "the header claims 9223372036854775808 bytes"},
		"a cut header":        {raw(one("F32", "[1]", "[0,4]"), 4)[:30], "the header claims"},
		"a cut body":          {raw(one("F32", "[2]", "[0,8]"), 7), "lie outside the file's 7 bytes"},
		"more than announced": {raw(one("F32", "[1]", "[0,4]"), 5), "tensors end at byte 4, the file at 5"},
		"no JSON":             {raw("{", 0), "header"},
		"another type":        {raw(one("I64", "[1]", "[0,8]"), 8), `type "I64": want F32, F16 or BF16`},
		"a shape of a lie":    {raw(one("F32", "[3]", "[0,4]"), 4), "needs 12 bytes, the offsets give 4"},
		"a negative size":     {raw(one("F32", "[-1]", "[0,4]"), 4), "out of range"},
		"a huge shape":        {raw(one("F32", "[4611686018427387904,4]", "[0,0]"), 0), "out of range"},
		"an overflow":         {raw(one("F32", "[1073741824,1073741824,16]", "[0,0]"), 0), "out of range"},
		"offsets turned":      {raw(one("F32", "[1]", "[4,0]"), 4), "offsets [4 0]"},
		"three offsets":       {raw(one("F32", "[1]", "[0,4,8]"), 4), "offsets"},
		"an overlap":          {raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12), "overlap or leave a gap at byte 8"},
		"a gap":               {raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`, 12), "overlap or leave a gap at byte 4"},
		"metadata of numbers": {raw(`{"__metadata__":{"a":1}}`, 0), "__metadata__"},
		"a tensor of a list":  {raw(`{"a":[]}`, 0), `tensor "a"`},
	} {
		_, err := Parse("x", test.data)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
		path := filepath.Join(t.TempDir(), "x.safetensors")
		if err := os.WriteFile(path, test.data, 0o666); err != nil {
			t.Fatal(err)
		}
		if f, err := Open(path); err == nil {
			f.Close()
			t.Errorf("%s: opened", name)
		}
	}
	f, err := Parse("x", raw(one("F32", "[2]", "[0,8]"), 8))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Read("b", nil); err == nil {
		t.Error("a tensor that is not there was read")
	}
	if err := f.Read("a", make([]float32, 3)); err == nil {
		t.Error("2 values were read into 3")
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		tensors []Tensor
		dtype   DType
		want    string
	}{
		"a type":        {nil, "I8", "cannot write I8"},
		"a shape":       {[]Tensor{{"a", []int{2}, make([]float32, 3)}}, F32, "has 3 values, shape [2] wants 2"},
		"twice":         {[]Tensor{{"a", []int{1}, make([]float32, 1)}, {"a", []int{1}, make([]float32, 1)}}, F32, "stands twice"},
		"too large":     {[]Tensor{{"a", []int{1}, []float32{65520}}}, F16, "a[0] is 65520, which F16 cannot hold"},
		"far too large": {[]Tensor{{"a", []int{1}, []float32{math.MaxFloat32}}}, BF16, "which BF16 cannot hold"},
	} {
		if err := Write(&bytes.Buffer{}, test.tensors, nil, test.dtype); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

// Whatever the bytes: tensors that can be read, or an error.
func FuzzSafetensors(f *testing.F) {
	data, err := os.ReadFile("testdata/oracle.safetensors")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(raw(`{"a":{"dtype":"F16","shape":[2,1],"data_offsets":[0,4]},"__metadata__":{"x":"y"}}`, 4))
	f.Add(raw(`{}`, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("x", data)
		if err != nil {
			return
		}
		for _, n := range file.Names() {
			if c := file.Info(n).Count(); c < 0 || c > len(data) {
				t.Fatalf("%q claims %d values in %d bytes", n, c, len(data))
			}
			values(t, file, n)
		}
	})
}
