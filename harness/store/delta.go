package store

// The delta encodings of a Parquet page.

import (
	"encoding/binary"
	"fmt"
)

// delta decodes differences, bit-packed in miniblocks, each with a width of its own.
type delta struct {
	data      []byte
	mini      int // values of a miniblock
	minis     int // miniblocks of a block
	left      int64
	last      uint64
	first     bool
	min       uint64
	widths    []byte // of the block's miniblocks still to come
	inMini    int    // values left in the miniblock
	at, width int    // bit in data, bits of a value
}

// newDelta begins a page of at most n values.
func newDelta(data []byte, n int64) (*delta, error) {
	d := &delta{data: data, first: true}
	block, minis, total := d.uvarint(), d.uvarint(), d.uvarint()
	first := d.uvarint()
	d.last = uint64(int64(first>>1) ^ -int64(first&1))
	if d.data == nil || minis == 0 || minis > 1<<10 || block%minis != 0 || block/minis%8 != 0 || block/minis == 0 || block > 1<<20 || total > uint64(n) {
		return nil, fmt.Errorf("found a delta header with %d values a block, %d miniblocks, %d of %d values", block, minis, total, n)
	}
	d.mini, d.minis, d.left = int(block/minis), int(minis), int64(total)
	return d, nil
}

// uvarint sets data to nil if there is none.
func (d *delta) uvarint() uint64 {
	v, k := binary.Uvarint(d.data)
	if k <= 0 {
		d.data = nil
		return 0
	}
	if d.data = d.data[k:]; d.data == nil {
		d.data = []byte{}
	}
	return v
}

func (d *delta) read(to []uint64) error {
	for i := range to {
		if d.left == 0 {
			return errShort
		}
		d.left--
		if !d.first {
			if d.inMini == 0 {
				if err := d.nextMini(); err != nil {
					return err
				}
			}
			d.last += d.min + bitsAt(d.data, d.at, d.width)
			d.at += d.width
			if d.inMini--; d.inMini == 0 {
				d.skipMini()
			}
		}
		d.first = false
		to[i] = d.last
	}
	return nil
}

// nextMini begins a miniblock.
func (d *delta) nextMini() error {
	if len(d.widths) == 0 {
		m := d.uvarint()
		d.min = uint64(int64(m>>1) ^ -int64(m&1))
		if len(d.data) < d.minis {
			return errShort
		}
		d.widths, d.data = d.data[:d.minis], d.data[d.minis:]
	}
	d.width, d.widths = int(d.widths[0]), d.widths[1:]
	if d.width > 64 {
		return fmt.Errorf("found differences of %d bits", d.width)
	}
	if size := d.mini * d.width / 8; size > len(d.data) {
		if (int(min(d.left+1, int64(d.mini)))*d.width+7)/8 > len(d.data) {
			return errShort
		}
		// Some writers cut the last miniblock after its last value.
		d.data = append(append([]byte(nil), d.data...), make([]byte, size-len(d.data))...)
	}
	d.inMini, d.at = d.mini, 0
	return nil
}

func (d *delta) skipMini() { d.data = d.data[d.mini*d.width/8:] }

// rest is what follows the last value; all values have been read.
func (d *delta) rest() []byte {
	if d.inMini > 0 {
		d.skipMini()
	}
	return d.data
}

// lengths reads all n numbers of a page that begins with lengths, and what follows them.
func lengths(data []byte, n int64) (out []uint64, rest []byte, err error) {
	d, err := newDelta(data, n)
	if err != nil {
		return nil, nil, err
	}
	if d.left > 8*int64(len(data))*int64(d.mini)+1 || d.left > maxPage/8 {
		return nil, nil, fmt.Errorf("found %d lengths in %d bytes", d.left, len(data))
	}
	out = make([]uint64, d.left)
	if err := d.read(out); err != nil {
		return nil, nil, err
	}
	return out, d.rest(), nil
}

// deltaLength decodes texts whose lengths stand before them.
type deltaLength struct {
	lengths []uint64
	data    []byte
}

func newDeltaLength(data []byte, n int64) (d deltaLength, err error) {
	d.lengths, d.data, err = lengths(data, n)
	return d, err
}

func (d *deltaLength) one() ([]byte, error) {
	if len(d.lengths) == 0 || d.lengths[0] > uint64(len(d.data)) {
		return nil, errShort
	}
	n := d.lengths[0]
	v := d.data[:n]
	d.lengths, d.data = d.lengths[1:], d.data[n:]
	return v, nil
}

func (d *deltaLength) read(to [][]byte) (err error) {
	for i := range to {
		if to[i], err = d.one(); err != nil {
			return err
		}
	}
	return nil
}

// deltaBytes decodes texts that share a beginning with the one before them.
type deltaBytes struct {
	shared   []uint64
	suffixes deltaLength
	last     []byte
	width    int // of every value, or 0
	budget   int
}

func newDeltaBytes(data []byte, n int64, width int) (*deltaBytes, error) {
	shared, rest, err := lengths(data, n)
	if err != nil {
		return nil, err
	}
	suffixes, err := newDeltaLength(rest, n)
	return &deltaBytes{shared: shared, suffixes: suffixes, width: width, budget: maxPage}, err
}

func (d *deltaBytes) read(to [][]byte) error {
	for i := range to {
		suffix, err := d.suffixes.one()
		if err != nil {
			return err
		}
		if len(d.shared) == 0 || d.shared[0] > uint64(len(d.last)) {
			return errShort
		}
		v := append(d.last[:d.shared[0]:d.shared[0]], suffix...)
		if d.budget -= len(v); d.budget < 0 {
			return fmt.Errorf("found a page of more than %d bytes", maxPage)
		}
		if d.width > 0 && len(v) != d.width {
			return fmt.Errorf("found a value of %d bytes, wanted %d", len(v), d.width)
		}
		d.shared, d.last, to[i] = d.shared[1:], v, v
	}
	return nil
}
