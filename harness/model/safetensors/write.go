package safetensors

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// ToBF16 rounds to the nearest bfloat16, ties to even.
func ToBF16(v float32) uint16 {
	b := math.Float32bits(v)
	if v != v {
		return uint16(b>>16) | 0x40
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// ToHalf rounds to the nearest IEEE 754 binary16 value, ties to even; what is too large becomes infinite.
func ToHalf(v float32) uint16 {
	b := math.Float32bits(v)
	sign, abs := uint16(b>>16)&0x8000, b&0x7fffffff
	switch {
	case abs > 0x7f800000:
		return sign | 0x7e00
	case abs >= 0x477ff000: // from halfway between the largest value and the next
		return sign | 0x7c00
	case abs >= 0x38800000: // normal
		abs += 0xfff + abs>>13&1
		return sign | uint16(abs>>13-112<<10)
	}
	// Subnormal: a multiple of 2^-24.
	return sign | uint16(math.RoundToEven(float64(math.Float32frombits(abs))*(1<<24)))
}

// Tensor is one tensor to write.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// Write writes tensors in alphabetical order as F32, F16 or BF16. The same tensors give the same bytes.
func Write(w io.Writer, tensors []Tensor, metadata map[string]string, dtype DType) error {
	data := map[string][]float32{}
	for i := range tensors {
		t := &tensors[i]
		if n := (&Info{Shape: t.Shape}).Count(); n != len(t.Data) {
			return fmt.Errorf("safetensors: tensor %s has %d values, shape %v wants %d", t.Name, len(t.Data), t.Shape, n)
		}
		data[t.Name] = t.Data
	}
	return Stream(w, tensors, metadata, dtype, func(name string) ([]float32, error) { return data[name], nil })
}

// Stream is Write for tensors whose Data is not in memory: values is asked for each in turn, and what it
// returns is done with when it is called again.
func Stream(w io.Writer, tensors []Tensor, metadata map[string]string, dtype DType, values func(name string) ([]float32, error)) error {
	if dtype.size() == 0 {
		return fmt.Errorf("safetensors: cannot write %s: want F32, F16 or BF16", dtype)
	}
	order := slices.Clone(tensors)
	slices.SortFunc(order, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	h, err := head(order, metadata, dtype)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 1<<20)
	if err := binary.Write(b, binary.LittleEndian, uint64(len(h))); err != nil {
		return err
	}
	if _, err := b.Write(h); err != nil {
		return err
	}
	for _, t := range order {
		x, err := values(t.Name)
		if err != nil {
			return err
		}
		if n := (&Info{Shape: t.Shape}).Count(); n != len(x) {
			return fmt.Errorf("safetensors: tensor %s has %d values, shape %v wants %d", t.Name, len(x), t.Shape, n)
		}
		if err := put(b, t.Name, x, dtype); err != nil {
			return err
		}
	}
	return b.Flush()
}

// head is the JSON header, padded to a multiple of 8 bytes.
func head(order []Tensor, metadata map[string]string, dtype DType) ([]byte, error) {
	var h bytes.Buffer
	h.WriteByte('{')
	if len(metadata) > 0 {
		m, err := json.Marshal(metadata)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&h, `"__metadata__":%s`, m)
	}
	at := int64(0)
	for i, t := range order {
		if i > 0 && order[i-1].Name == t.Name {
			return nil, fmt.Errorf("safetensors: tensor %s stands twice", t.Name)
		}
		if h.Len() > 1 {
			h.WriteByte(',')
		}
		name, err := json.Marshal(t.Name)
		if err != nil {
			return nil, err
		}
		shape := t.Shape
		if shape == nil {
			shape = []int{} // one number
		}
		dims, err := json.Marshal(shape)
		if err != nil {
			return nil, err
		}
		n := int64((&Info{Shape: shape}).Count()) * dtype.size()
		fmt.Fprintf(&h, `%s:{"dtype":"%s","shape":%s,"data_offsets":[%d,%d]}`, name, dtype, dims, at, at+n)
		at += n
	}
	h.WriteByte('}')
	for h.Len()%8 != 0 {
		h.WriteByte(' ')
	}
	return h.Bytes(), nil
}

// put writes values; one that the type cannot hold is an error.
func put(w *bufio.Writer, name string, x []float32, dtype DType) error {
	var buf [4096]byte
	size := int(dtype.size())
	for at := 0; at < len(x); at += len(buf) / 4 {
		part := x[at:min(at+len(buf)/4, len(x))]
		for i, v := range part {
			if dtype == F32 {
				binary.LittleEndian.PutUint32(buf[4*i:], math.Float32bits(v))
				continue
			}
			h, inf := uint16(0), uint16(0x7c00)
			if dtype == F16 {
				h = ToHalf(v)
			} else {
				h, inf = ToBF16(v), 0x7f80
			}
			if h&0x7fff == inf && !math.IsInf(float64(v), 0) {
				return fmt.Errorf("safetensors: %s[%d] is %g, which %s cannot hold; write F32", name, at+i, v, dtype)
			}
			binary.LittleEndian.PutUint16(buf[2*i:], h)
		}
		if _, err := w.Write(buf[:size*len(part)]); err != nil {
			return err
		}
	}
	return nil
}
