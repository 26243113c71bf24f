// Package safetensors reads and writes the safetensors format
// (huggingface/safetensors, format version of 2022): 8 bytes of header length, a JSON
// header, then the tensors' bytes without gaps. F32, F16 and BF16. A file
// whose header disagrees with its size is an error, never a panic.
package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"sort"

	"github.com/edsrzf/mmap-go"
)

const maxHeader = 100 << 20

// DType is a storage type.
type DType string

// The storage types that theriac reads and writes.
const (
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
)

func (d DType) size() int64 {
	switch d {
	case F32:
		return 4
	case F16, BF16:
		return 2
	}
	return 0
}

// Info describes one tensor.
type Info struct {
	DType DType
	Shape []int
	data  []byte
}

// Count is the number of values.
func (t *Info) Count() int {
	n := 1
	for _, s := range t.Shape {
		n *= s
	}
	return n
}

// File is an open safetensors file.
type File struct {
	Path     string
	Metadata map[string]string
	tensors  map[string]*Info
	names    []string
	mem      mmap.MMap
}

// Open maps a file.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() < 10 {
		return nil, fmt.Errorf("%s: %d bytes are no safetensors file", path, st.Size())
	}
	mem, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	out, err := parse(path, mem)
	if err != nil {
		mem.Unmap()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	out.mem = mem
	return out, nil
}

// Parse reads a file that is in memory already. The data is not copied.
func Parse(name string, data []byte) (*File, error) {
	f, err := parse(name, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// Close unmaps the file.
func (f *File) Close() error {
	if f.mem == nil {
		return nil
	}
	m := f.mem
	f.mem = nil
	return m.Unmap()
}

type header struct {
	DType   DType   `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

func parse(path string, data []byte) (*File, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("%d bytes are no safetensors file", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	if n > maxHeader || n > uint64(len(data)-8) {
		return nil, fmt.Errorf("the header claims %d bytes, the file has %d", n, len(data)-8)
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data[8:8+n], &raw); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	body := data[8+n:]
	f := &File{Path: path, tensors: map[string]*Info{}}
	type span struct{ from, to int64 }
	var spans []span
	for name, r := range raw {
		if name == "__metadata__" {
			if err := json.Unmarshal(r, &f.Metadata); err != nil {
				return nil, fmt.Errorf("header: __metadata__: %w", err)
			}
			continue
		}
		var h header
		if err := json.Unmarshal(r, &h); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		info, err := h.check(body)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		f.tensors[name] = info
		f.names = append(f.names, name)
		spans = append(spans, span{h.Offsets[0], h.Offsets[1]})
	}
	sort.Slice(spans, func(i, j int) bool {
		return spans[i].from < spans[j].from || spans[i].from == spans[j].from && spans[i].to < spans[j].to
	})
	at := int64(0)
	for _, s := range spans {
		if s.from != at {
			return nil, fmt.Errorf("tensors overlap or leave a gap at byte %d", at)
		}
		at = s.to
	}
	if at != int64(len(body)) {
		return nil, fmt.Errorf("tensors end at byte %d, the file at %d", at, len(body))
	}
	slices.Sort(f.names)
	return f, nil
}

func (h *header) check(body []byte) (*Info, error) {
	if h.DType.size() == 0 {
		return nil, fmt.Errorf("type %q: want F32, F16 or BF16", h.DType)
	}
	info := &Info{DType: h.DType}
	count := int64(1)
	for _, s := range h.Shape {
		if s < 0 || s > math.MaxInt32*64 || (s > 0 && count > (1<<50)/s) {
			return nil, fmt.Errorf("shape %v is out of range", h.Shape)
		}
		count *= s
		info.Shape = append(info.Shape, int(s))
	}
	if len(h.Offsets) != 2 || h.Offsets[0] < 0 || h.Offsets[1] < h.Offsets[0] || h.Offsets[1] > int64(len(body)) {
		return nil, fmt.Errorf("offsets %v lie outside the file's %d bytes", h.Offsets, len(body))
	}
	if got := h.Offsets[1] - h.Offsets[0]; got != count*h.DType.size() {
		return nil, fmt.Errorf("shape %v of %s needs %d bytes, the offsets give %d", h.Shape, h.DType, count*h.DType.size(), got)
	}
	info.data = body[h.Offsets[0]:h.Offsets[1]]
	return info, nil
}

// Names lists the tensors in alphabetical order.
func (f *File) Names() []string { return f.names }

// Info describes a tensor; nil if there is none of this name.
func (f *File) Info(name string) *Info { return f.tensors[name] }

// Read decodes a tensor into dst, whose length must be the tensor's.
func (f *File) Read(name string, dst []float32) error {
	t := f.tensors[name]
	if t == nil {
		return fmt.Errorf("%s: no tensor %q", f.Path, name)
	}
	if t.Count() != len(dst) {
		return fmt.Errorf("%s: tensor %q has shape %v, want %d values", f.Path, name, t.Shape, len(dst))
	}
	switch t.DType {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.data[4*i:]))
		}
	case BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(t.data[2*i:])) << 16)
		}
	case F16:
		for i := range dst {
			dst[i] = Half(binary.LittleEndian.Uint16(t.data[2*i:]))
		}
	}
	return nil
}

// Half decodes an IEEE 754 binary16 value.
func Half(h uint16) float32 {
	sign, exp, man := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch {
	case exp == 31:
		return math.Float32frombits(sign | 0x7f800000 | man<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+112)<<23 | man<<13)
	}
	v := float32(man) / (1 << 24)
	if sign != 0 {
		v = -v
	}
	return v
}
