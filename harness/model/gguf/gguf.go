// Package gguf reads GGUF files, versions 2 and 3 (ggml-org/ggml, docs/gguf.md):
// metadata and tensors of types F32, F16, BF16, Q8_0, Q4_0 and Q4_1. Files are
// memory-mapped; every size is held against the file before it is used.
package gguf

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/edsrzf/mmap-go"
	"golang.org/x/sys/unix"

	"theriac/harness/model/safetensors"
)

// Type is a tensor's storage type, with ggml's numbers.
type Type uint32

// The types that theriac reads.
const (
	F32  Type = 0
	F16  Type = 1
	Q4_0 Type = 2
	Q4_1 Type = 3
	Q8_0 Type = 8
	BF16 Type = 30
)

// layout gives the values a block holds and its bytes.
func (t Type) layout() (values, bytes int, ok bool) {
	switch t {
	case F32:
		return 1, 4, true
	case F16, BF16:
		return 1, 2, true
	case Q4_0:
		return 32, 18, true
	case Q4_1:
		return 32, 20, true
	case Q8_0:
		return 32, 34, true
	}
	return 0, 0, false
}

// Tensor describes one tensor. Shape is outermost first, as NumPy has it.
type Tensor struct {
	Name  string
	Type  Type
	Shape []int
	data  []byte
}

// Count is the number of values.
func (t *Tensor) Count() int {
	n := 1
	for _, s := range t.Shape {
		n *= s
	}
	return n
}

// Readable is an error if the tensor is of a type that theriac does not read.
func (t *Tensor) Readable() error {
	if _, _, ok := t.Type.layout(); !ok {
		return fmt.Errorf("tensor %q has ggml type %d: want F32, F16, BF16, Q8_0, Q4_0 or Q4_1", t.Name, t.Type)
	}
	return nil
}

// File is an open GGUF file. Meta values are uint64, int64, float64, bool, string or slices of these.
type File struct {
	Path    string
	Meta    map[string]any
	Tensors []*Tensor
	byName  map[string]*Tensor
	mem     mmap.MMap
}

// Open maps a file.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err != nil || st.Size() < 24 {
		return nil, fmt.Errorf("%s: too short for a GGUF file", path)
	}
	mem, err := mmap.Map(f, mmap.RDONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	out, err := Parse(path, mem)
	if err != nil {
		mem.Unmap()
		return nil, err
	}
	out.mem = mem
	return out, nil
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

// reader walks the header; the first error stays.
type reader struct {
	data []byte
	at   int
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("at byte %d: %s", r.at, fmt.Sprintf(format, args...))
	}
}

func (r *reader) take(n uint64) []byte {
	if r.err != nil {
		return nil
	}
	if n > uint64(len(r.data)-r.at) {
		r.fail("%d bytes are claimed, %d are left", n, len(r.data)-r.at)
		return nil
	}
	b := r.data[r.at : r.at+int(n)]
	r.at += int(n)
	return b
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) str() string { return string(r.take(r.u64())) }

// value reads one metadata value of ggml's type numbers.
func (r *reader) value(kind uint32, depth int) any {
	switch kind {
	case 0, 1, 7: // uint8, int8, bool
		b := r.take(1)
		if b == nil {
			return nil
		}
		switch kind {
		case 0:
			return uint64(b[0])
		case 1:
			return int64(int8(b[0]))
		}
		return b[0] != 0
	case 2, 3: // uint16, int16
		b := r.take(2)
		if b == nil {
			return nil
		}
		if v := binary.LittleEndian.Uint16(b); kind == 2 {
			return uint64(v)
		} else {
			return int64(int16(v))
		}
	case 4:
		return uint64(r.u32())
	case 5:
		return int64(int32(r.u32()))
	case 6:
		return float64(math.Float32frombits(r.u32()))
	case 8:
		return r.str()
	case 9:
		return r.array(depth)
	case 10:
		return r.u64()
	case 11:
		return int64(r.u64())
	case 12:
		return math.Float64frombits(r.u64())
	}
	r.fail("metadata type %d is unknown", kind)
	return nil
}

func (r *reader) array(depth int) any {
	kind, n := r.u32(), r.u64()
	if depth > 4 {
		r.fail("arrays are nested too deeply")
		return nil
	}
	if n > uint64(len(r.data)-r.at) { // every element takes at least a byte
		r.fail("an array claims %d elements, %d bytes are left", n, len(r.data)-r.at)
		return nil
	}
	switch kind {
	case 8:
		out := make([]string, 0, min(n, 1<<16))
		for i := uint64(0); i < n && r.err == nil; i++ {
			out = append(out, r.str())
		}
		return out
	default:
		out := make([]any, 0, min(n, 1<<16))
		for i := uint64(0); i < n && r.err == nil; i++ {
			out = append(out, r.value(kind, depth+1))
		}
		return out
	}
}

// Parse reads a file that is in memory already. The data is not copied.
func Parse(path string, data []byte) (*File, error) {
	f, err := parse(path, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func parse(path string, data []byte) (*File, error) {
	r := &reader{data: data}
	if magic := r.take(4); string(magic) != "GGUF" {
		return nil, fmt.Errorf("this is no GGUF file: it begins with %q", magic)
	}
	if v := r.u32(); r.err == nil && v != 2 && v != 3 {
		return nil, fmt.Errorf("GGUF version %d: want 2 or 3", v)
	}
	tensors, keys := r.u64(), r.u64()
	f := &File{Path: path, Meta: map[string]any{}, byName: map[string]*Tensor{}}
	for i := uint64(0); i < keys && r.err == nil; i++ {
		k := r.str()
		if _, twice := f.Meta[k]; twice {
			r.fail("metadata key %q stands twice", k)
		}
		f.Meta[k] = r.value(r.u32(), 0)
	}
	var offsets []uint64
	for i := uint64(0); i < tensors && r.err == nil; i++ {
		t := &Tensor{Name: r.str()}
		dims := r.u32()
		if dims > 4 {
			r.fail("tensor %q has %d dimensions", t.Name, dims)
		}
		count := uint64(1)
		for d := uint32(0); d < dims && r.err == nil; d++ {
			n := r.u64()
			if n == 0 || n > 1<<40 || count > (1<<48)/n {
				r.fail("tensor %q: dimension %d is out of range", t.Name, n)
				break
			}
			count *= n
			t.Shape = append([]int{int(n)}, t.Shape...)
		}
		t.Type = Type(r.u32())
		offsets = append(offsets, r.u64())
		if f.byName[t.Name] != nil {
			r.fail("tensor %q stands twice", t.Name)
		}
		f.byName[t.Name] = t
		f.Tensors = append(f.Tensors, t)
	}
	if r.err != nil {
		return nil, r.err
	}
	return f, f.place(data, uint64(r.at), offsets)
}

// place finds each tensor's bytes.
func (f *File) place(data []byte, end uint64, offsets []uint64) error {
	align := uint64(32)
	if v, given := f.Meta["general.alignment"]; given {
		a, ok := v.(uint64)
		if !ok || a == 0 || a > 1<<20 || a%8 != 0 {
			return fmt.Errorf("general.alignment is %v: want a multiple of 8 up to 1048576", v)
		}
		align = a
	}
	start, total := (end+align-1)/align*align, uint64(len(data))
	type span struct {
		name     string
		from, to uint64
	}
	var spans []span
	for i, t := range f.Tensors {
		values, bytes, ok := t.Type.layout()
		if !ok {
			continue // an error when it is read: a file may hold types that nobody asks for
		}
		row := 1
		if len(t.Shape) > 0 {
			row = t.Shape[len(t.Shape)-1]
		}
		if row%values != 0 {
			return fmt.Errorf("tensor %q: rows of %d values do not fill blocks of %d", t.Name, row, values)
		}
		size, at := uint64(t.Count()/values)*uint64(bytes), offsets[i]
		if start > total || at > total-start || size > total-start-at {
			return fmt.Errorf("tensor %q: %d bytes at %d lie outside the file's %d", t.Name, size, at, total)
		}
		if at%align != 0 {
			return fmt.Errorf("tensor %q lies at %d: want a multiple of %d", t.Name, at, align)
		}
		t.data = data[start+at:][:size]
		spans = append(spans, span{t.Name, at, at + size})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for i := range spans {
		if i > 0 && spans[i].from < spans[i-1].to {
			return fmt.Errorf("tensors %q and %q overlap", spans[i-1].name, spans[i].name)
		}
	}
	return nil
}

// Tensor finds a tensor; nil if there is none of this name.
func (f *File) Tensor(name string) *Tensor { return f.byName[name] }

// Read dequantises a tensor into dst, whose length must be the tensor's.
func (f *File) Read(name string, dst []float32) error {
	t := f.byName[name]
	if t == nil {
		return fmt.Errorf("%s: no tensor %q", f.Path, name)
	}
	if t.Count() != len(dst) {
		return fmt.Errorf("%s: tensor %q has shape %v, want %d values", f.Path, name, t.Shape, len(dst))
	}
	if err := t.Readable(); err != nil {
		return fmt.Errorf("%s: %w", f.Path, err)
	}
	decode(t.Type, t.data, dst)
	return nil
}

// decode is ggml's dequantize_row for each type.
func decode(t Type, b []byte, dst []float32) {
	half := func(i int) float32 { return safetensors.Half(binary.LittleEndian.Uint16(b[i:])) }
	switch t {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	case F16:
		for i := range dst {
			dst[i] = half(2 * i)
		}
	case BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b[2*i:])) << 16)
		}
	case Q8_0: // d, 32 int8
		for k := 0; k < len(dst); k += 32 {
			o := k / 32 * 34
			d, q := half(o), b[o+2:o+34]
			for i, v := range q {
				dst[k+i] = float32(int8(v)) * d
			}
		}
	case Q4_0: // d, 16 bytes of two nibbles: low ones first
		for k := 0; k < len(dst); k += 32 {
			o := k / 32 * 18
			d, q := half(o), b[o+2:o+18]
			for i, v := range q {
				dst[k+i] = float32(int(v&15)-8) * d
				dst[k+16+i] = float32(int(v>>4)-8) * d
			}
		}
	case Q4_1: // d, m, 16 bytes
		for k := 0; k < len(dst); k += 32 {
			o := k / 32 * 20
			d, m, q := half(o), half(o+2), b[o+4:o+20]
			for i, v := range q {
				dst[k+i] = float32(float32(v&15)*d) + m
				dst[k+16+i] = float32(float32(v>>4)*d) + m
			}
		}
	}
}

// Forget lets the system take back the pages that were read; they come back when they are read again.
func (f *File) Forget() {
	if f.mem != nil {
		unix.Madvise(f.mem, unix.MADV_DONTNEED)
	}
}
