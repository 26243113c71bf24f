package store

// Values of a Parquet page (Encodings.md). A decoder gives exactly what is asked for or
// an error. Numbers and booleans are words, their bits in a uint64; the rest are texts,
// which are good until the next page.

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow/go/v17/parquet"
)

const (
	codePlain, codePlainDictionary, codeRLE          = 0, 2, 3
	codeDeltaBinary, codeDeltaLength, codeDeltaBytes = 5, 6, 7
	codeDictionary, codeStreamSplit                  = 8, 9
)

// decoder has one of the two functions, as its column's type wants it.
type decoder struct {
	words func(to []uint64) error
	texts func(to [][]byte) error
}

func (c *column) isText() bool {
	return c.kind == parquet.Types.ByteArray || c.kind == parquet.Types.FixedLenByteArray || c.kind == parquet.Types.Int96
}

// newDecoder decodes a page of n values, null or not.
func (c *column) newDecoder(code int64, data []byte, n int64) (decoder, error) {
	text, fixed := c.isText(), c.width > 0
	switch {
	case code == codePlain && c.kind == parquet.Types.Boolean:
		return decoder{words: plainBits(data)}, nil
	case code == codePlain && text && fixed:
		return decoder{texts: fixedTexts(data, c.width)}, nil
	case code == codePlain && text:
		return decoder{texts: plainTexts(data)}, nil
	case code == codePlain:
		return decoder{words: plainWords(data, c.width)}, nil
	case code == codeDictionary || code == codePlainDictionary:
		return c.indexed(data)
	case code == codeRLE && c.kind == parquet.Types.Boolean:
		part, _, err := cutPrefixed(data)
		h := newHybrid(part, 1)
		return decoder{words: h.words}, err
	case code == codeDeltaBinary && !text && fixed:
		d, err := newDelta(data, n)
		return decoder{words: d.read}, err
	case code == codeDeltaLength && text && !fixed:
		d, err := newDeltaLength(data, n)
		return decoder{texts: d.read}, err
	case code == codeDeltaBytes && text:
		d, err := newDeltaBytes(data, n, c.width)
		return decoder{texts: d.read}, err
	case code == codeStreamSplit && fixed:
		return streamSplit(data, c.width, text)
	}
	return decoder{}, fmt.Errorf("found encoding %d of %v, which is not known", code, c.kind)
}

// dictionary is the values that a column's pages refer to.
type dictionary struct {
	words []uint64
	texts [][]byte
}

func (c *column) newDictionary(data []byte, n int64) (*dictionary, error) {
	size := int64(max(c.width, 1)) // the least that a value takes
	if c.kind == parquet.Types.ByteArray {
		size = 4
	}
	if n < 0 || n > int64(len(data))/size {
		return nil, fmt.Errorf("found a dictionary of %d values in %d bytes", n, len(data))
	}
	d, err := c.newDecoder(codePlain, data, n)
	if err != nil {
		return nil, err
	}
	out := &dictionary{}
	if d.words != nil {
		out.words = make([]uint64, n)
		return out, d.words(out.words)
	}
	out.texts = make([][]byte, n)
	return out, d.texts(out.texts)
}

// indexed looks values up in the dictionary.
func (c *column) indexed(data []byte) (decoder, error) {
	if c.dict == nil {
		return decoder{}, fmt.Errorf("found no dictionary before the values")
	}
	h := newHybrid(nil, 0)
	if len(data) > 0 { // a page of nulls need not have any
		if data[0] > 32 {
			return decoder{}, fmt.Errorf("found indices of %d bits", data[0])
		}
		h = newHybrid(data[1:], int(data[0]))
	}
	if c.isText() {
		return decoder{texts: func(to [][]byte) error { return lookUp(&h, c.dict.texts, to) }}, nil
	}
	return decoder{words: func(to []uint64) error { return lookUp(&h, c.dict.words, to) }}, nil
}

func lookUp[V any](h *hybrid, dict, to []V) error {
	for i := 0; i < len(to); {
		run, err := h.run(len(to) - i)
		if err != nil {
			return err
		}
		for j := range run.n {
			at := run.value
			if run.packed {
				at = h.unpack()
			}
			if at >= uint64(len(dict)) {
				return fmt.Errorf("found index %d into a dictionary of %d", at, len(dict))
			}
			to[i+j] = dict[at]
		}
		i += run.n
	}
	return nil
}

// hybrid decodes runs of repeated and of bit-packed numbers.
type hybrid struct {
	data  []byte
	width int
	left  int // values left in the run
	rep   uint64
	bits  bool // the run is bit-packed
	at    int  // bit of data at which the packed run's next value begins
}

func newHybrid(data []byte, width int) hybrid { return hybrid{data: data, width: width} }

type hybridRun struct {
	n      int
	packed bool
	value  uint64
}

// run takes up to n values: repetitions of one, or packed ones, for the caller to unpack.
func (h *hybrid) run(n int) (hybridRun, error) {
	for h.left == 0 {
		if h.bits { // past the packed bytes
			h.data, h.at, h.bits = h.data[h.at/8:], 0, false
		}
		head, k := binary.Uvarint(h.data)
		if k <= 0 {
			if h.width == 0 { // only zeros are possible
				return hybridRun{n: n}, nil
			}
			return hybridRun{}, errShort
		}
		h.data = h.data[k:]
		if head&1 == 1 {
			groups := head >> 1
			if h.width > 0 && groups > uint64(len(h.data)/h.width) {
				// The last group of a page may be cut after its last value.
				if groups > uint64(len(h.data)/h.width)+1 {
					return hybridRun{}, errShort
				}
				h.data = append(append([]byte(nil), h.data...), make([]byte, h.width)...)
			}
			h.left, h.bits = int(min(groups, 1<<40)*8), true
			continue
		}
		size := (h.width + 7) / 8
		if size > len(h.data) {
			return hybridRun{}, errShort
		}
		h.rep = 0
		for i := range size {
			h.rep |= uint64(h.data[i]) << (8 * i)
		}
		h.data = h.data[size:]
		h.left = int(min(head>>1, 1<<40))
	}
	n = min(n, h.left)
	h.left -= n
	return hybridRun{n, h.bits, h.rep}, nil
}

// unpack takes one value of a packed run, the least significant bit first.
func (h *hybrid) unpack() uint64 {
	v := bitsAt(h.data, h.at, h.width)
	h.at += h.width
	return v
}

// bitsAt is the number of width <= 64 bits that begins at bit at.
func bitsAt(data []byte, at, width int) uint64 {
	if width == 0 {
		return 0
	}
	i, shift := at/8, at%8
	var v uint64
	if i+9 <= len(data) {
		v = binary.LittleEndian.Uint64(data[i:])>>shift | uint64(data[i+8])<<1<<(63-shift)
	} else {
		for j := 0; j <= (shift+width-1)/8; j++ {
			b := uint64(data[i+j])
			if j == 0 {
				v = b >> shift
			} else {
				v |= b << (8*j - shift)
			}
		}
	}
	return v & (1<<width - 1)
}

// levels decodes levels of at most top.
func (h *hybrid) levels(to []int16, top int16) error {
	for i := 0; i < len(to); {
		run, err := h.run(len(to) - i)
		if err != nil {
			return err
		}
		for j := range run.n {
			v := run.value
			if run.packed {
				v = h.unpack()
			}
			if v > uint64(top) {
				return fmt.Errorf("found level %d, wanted at most %d", v, top)
			}
			to[i+j] = int16(v)
		}
		i += run.n
	}
	return nil
}

func (h *hybrid) words(to []uint64) error {
	for i := 0; i < len(to); {
		run, err := h.run(len(to) - i)
		if err != nil {
			return err
		}
		for j := range run.n {
			if to[i+j] = run.value; run.packed {
				to[i+j] = h.unpack()
			}
		}
		i += run.n
	}
	return nil
}

func plainBits(data []byte) func([]uint64) error {
	at := 0
	return func(to []uint64) error {
		if len(to) > 8*len(data)-at {
			return errShort
		}
		for i := range to {
			to[i] = uint64(data[at/8]>>(at%8)) & 1
			at++
		}
		return nil
	}
}

func plainWords(data []byte, width int) func([]uint64) error {
	return func(to []uint64) error {
		if len(to) > len(data)/width {
			return errShort
		}
		for i := range to {
			if width == 4 {
				to[i] = uint64(binary.LittleEndian.Uint32(data[4*i:]))
			} else {
				to[i] = binary.LittleEndian.Uint64(data[8*i:])
			}
		}
		data = data[len(to)*width:]
		return nil
	}
}

func fixedTexts(data []byte, width int) func([][]byte) error {
	return func(to [][]byte) error {
		if len(to) > len(data)/width {
			return errShort
		}
		for i := range to {
			to[i] = data[i*width : (i+1)*width]
		}
		data = data[len(to)*width:]
		return nil
	}
}

func plainTexts(data []byte) func([][]byte) error {
	return func(to [][]byte) (err error) {
		for i := range to {
			if to[i], data, err = cutPrefixed(data); err != nil {
				return err
			}
		}
		return nil
	}
}

// streamSplit gathers a value's bytes, which stand a page's values apart.
func streamSplit(data []byte, width int, text bool) (decoder, error) {
	if len(data)%width != 0 {
		return decoder{}, errShort
	}
	n, next := len(data)/width, 0
	gather := func(to []byte) error {
		if next == n {
			return errShort
		}
		for j := range to {
			to[j] = data[j*n+next]
		}
		next++
		return nil
	}
	if text {
		return decoder{texts: func(to [][]byte) error {
			for i := range to {
				to[i] = make([]byte, width)
				if err := gather(to[i]); err != nil {
					return err
				}
			}
			return nil
		}}, nil
	}
	return decoder{words: func(to []uint64) error {
		for i := range to {
			var b [8]byte
			if err := gather(b[:width]); err != nil {
				return err
			}
			to[i] = binary.LittleEndian.Uint64(b[:])
		}
		return nil
	}}, nil
}
