package store

// Pages of a Parquet column, read without trusting a byte. Arrow's column reader loops
// for ever or allocates without bound on some damaged pages, so what it does is done
// here: page headers, levels and (in encoding.go) values. The format is that of
// github.com/apache/parquet-format: README.md, Encodings.md and parquet.thrift.

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/metadata"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

const (
	maxPage       = 256 << 20 // bytes of an unpacked page
	maxPageHeader = 1 << 20
)

// pageHeader is parquet.thrift's PageHeader; fields of another kind of page are zero.
type pageHeader struct {
	kind               int64
	unpacked, packed   int64
	values, encoding   int64
	defCode, repCode   int64 // encodings of levels, first version
	defBytes, repBytes int64 // lengths of levels, second version
	plain              bool  // second version: not compressed
}

const (
	dataPage, dictionaryPage, dataPageV2 = 0, 2, 3
	notSet                               = -1
)

var errShort = errors.New("cut short")

// parsePageHeader reads Thrift's compact protocol and returns the header's length.
func parsePageHeader(data []byte) (h pageHeader, size int, err error) {
	h = pageHeader{unpacked: notSet, packed: notSet, values: notSet}
	p := &thrift{data: data}
	page := func(field map[int]*int64, flag int, set *bool) {
		p.fields(func(id int, kind byte) {
			if target := field[id]; target != nil && kind == thriftI32 {
				*target = p.zigzag()
			} else if id == flag && (kind == thriftTrue || kind == thriftFalse) {
				*set = kind == thriftFalse
			} else {
				p.skip(kind, 0)
			}
		})
	}
	p.fields(func(id int, kind byte) {
		switch {
		case id == 1 && kind == thriftI32:
			h.kind = p.zigzag()
		case id == 2 && kind == thriftI32:
			h.unpacked = p.zigzag()
		case id == 3 && kind == thriftI32:
			h.packed = p.zigzag()
		case id == 5 && kind == thriftStruct:
			page(map[int]*int64{1: &h.values, 2: &h.encoding, 3: &h.defCode, 4: &h.repCode}, notSet, nil)
		case id == 7 && kind == thriftStruct:
			page(map[int]*int64{1: &h.values, 2: &h.encoding}, notSet, nil)
		case id == 8 && kind == thriftStruct:
			page(map[int]*int64{1: &h.values, 4: &h.encoding, 5: &h.defBytes, 6: &h.repBytes}, 7, &h.plain)
		default:
			p.skip(kind, 0)
		}
	})
	return h, len(data) - len(p.data), p.err
}

// thrift reads the compact protocol; after an error it reads zeros.
type thrift struct {
	data []byte
	err  error
}

const (
	thriftTrue, thriftFalse, thriftByte, thriftI16, thriftI32, thriftI64 = 1, 2, 3, 4, 5, 6
	thriftDouble, thriftBinary, thriftList, thriftSet, thriftMap         = 7, 8, 9, 10, 11
	thriftStruct                                                         = 12
)

func (p *thrift) byte() byte {
	if len(p.data) == 0 {
		p.err = errors.Join(p.err, errShort)
		return 0
	}
	b := p.data[0]
	p.data = p.data[1:]
	return b
}

func (p *thrift) uvarint() uint64 {
	v, n := binary.Uvarint(p.data)
	if n <= 0 {
		p.data, p.err = nil, errors.Join(p.err, errShort)
		return 0
	}
	p.data = p.data[n:]
	return v
}

func (p *thrift) zigzag() int64 {
	v := p.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

func (p *thrift) drop(n uint64) {
	if n > uint64(len(p.data)) {
		p.data, p.err = nil, errors.Join(p.err, errShort)
		return
	}
	p.data = p.data[n:]
}

// fields calls read for each field of a struct; read takes the field's value.
func (p *thrift) fields(read func(id int, kind byte)) {
	id := 0
	for p.err == nil {
		b := p.byte()
		if b == 0 {
			return
		}
		if b>>4 == 0 {
			id = int(p.zigzag())
		} else {
			id += int(b >> 4)
		}
		read(id, b&15)
	}
}

func (p *thrift) skip(kind byte, depth int) {
	if depth > 20 {
		p.err = errors.Join(p.err, fmt.Errorf("nested too deeply"))
		return
	}
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		p.byte()
	case thriftI16, thriftI32, thriftI64:
		p.uvarint()
	case thriftDouble:
		p.drop(8)
	case thriftBinary:
		p.drop(p.uvarint())
	case thriftList, thriftSet:
		b := p.byte()
		n := uint64(b >> 4)
		if n == 15 {
			n = p.uvarint()
		}
		for i := uint64(0); i < n && p.err == nil; i++ {
			if b&15 == thriftTrue || b&15 == thriftFalse {
				p.byte()
			} else {
				p.skip(b&15, depth+1)
			}
		}
	case thriftStruct:
		p.fields(func(_ int, kind byte) { p.skip(kind, depth+1) })
	default: // maps do not occur
		p.err = errors.Join(p.err, fmt.Errorf("found a value of kind %d", kind))
	}
}

// column reads one column of one row group: batches of levels, then the values that
// they announce.
type column struct {
	r       io.ReaderAt
	at, end int64
	left    int64 // values (null or not) that later pages must hold
	codec   compress.Codec
	kind    parquet.Type
	width   int // bytes of a value of fixed length
	maxDef  int16
	maxRep  int16

	dict       *dictionary
	packed     []byte // the page as it stands in the file
	unpacked   []byte
	inPage     int64 // values left in the page
	defs, reps hybrid
	values     decoder
}

// openColumn checks that the column chunk lies within the file.
func openColumn(r io.ReaderAt, size int64, chunk *metadata.ColumnChunkMetaData, descr *schema.Column) (*column, error) {
	c := &column{r: r, left: chunk.NumValues(), kind: descr.PhysicalType(), width: descr.TypeLength(), maxDef: descr.MaxDefinitionLevel(), maxRep: descr.MaxRepetitionLevel()}
	c.at = chunk.DataPageOffset()
	if chunk.HasDictionaryPage() && chunk.DictionaryPageOffset() > 0 && chunk.DictionaryPageOffset() < c.at {
		c.at = chunk.DictionaryPageOffset()
	}
	n := chunk.TotalCompressedSize()
	if c.at < 0 || n < 0 || c.at > size || n > size-c.at || c.left < 0 {
		return nil, fmt.Errorf("found %d values in bytes %d to %d of a file of %d", c.left, c.at, c.at+n, size)
	}
	c.end = c.at + n
	switch c.kind {
	case parquet.Types.Boolean, parquet.Types.ByteArray:
		c.width = 0
	case parquet.Types.Int32, parquet.Types.Float:
		c.width = 4
	case parquet.Types.Int64, parquet.Types.Double:
		c.width = 8
	case parquet.Types.Int96:
		c.width = 12
	default:
		if c.width <= 0 || c.width > maxPage {
			return nil, fmt.Errorf("found values of %d bytes", c.width)
		}
	}
	var err error
	c.codec, err = compress.GetCodec(chunk.Compression())
	return c, err
}

// batch moves on by up to len(defs) pairs of levels, within one page, and returns how many
// of them announce a value. At the end it returns 0, 0. The values are to be read before
// the next batch.
func (c *column) batch(defs, reps []int16) (levels, values int, err error) {
	for c.inPage == 0 {
		if c.left == 0 {
			return 0, 0, nil
		}
		if err := c.nextPage(); err != nil {
			return 0, 0, err
		}
	}
	levels = int(min(int64(len(defs)), c.inPage))
	if c.maxRep > 0 {
		if err := c.reps.levels(reps[:levels], c.maxRep); err != nil {
			return 0, 0, fmt.Errorf("repetition levels: %w", err)
		}
	}
	values = levels
	if c.maxDef > 0 {
		if err := c.defs.levels(defs[:levels], c.maxDef); err != nil {
			return 0, 0, fmt.Errorf("definition levels: %w", err)
		}
		values = 0
		for _, d := range defs[:levels] {
			if d == c.maxDef {
				values++
			}
		}
	}
	c.inPage -= int64(levels)
	return levels, values, nil
}

// read takes as many values as batch announced into one of the two.
func (c *column) read(words []uint64, texts [][]byte) error {
	if c.isText() {
		return c.values.texts(texts)
	}
	return c.values.words(words)
}

// nextPage reads pages up to the next that holds values.
func (c *column) nextPage() error {
	for c.inPage == 0 {
		h, err := c.header()
		if err != nil {
			return fmt.Errorf("page header: %w", err)
		}
		if h.packed < 0 || h.packed > c.end-c.at || h.unpacked < 0 || h.unpacked > maxPage {
			return fmt.Errorf("found a page of %d bytes, %d unpacked, where %d are left and %d can be unpacked", h.packed, h.unpacked, c.end-c.at, maxPage)
		}
		c.packed = resize(c.packed, int(h.packed))
		if _, err := c.r.ReadAt(c.packed, c.at); err != nil {
			return fmt.Errorf("page: %w", noEOF(err))
		}
		c.at += h.packed
		switch h.kind {
		case dictionaryPage:
			err = c.openDictionary(h)
		case dataPage:
			err = c.openPage(h)
		case dataPageV2:
			err = c.openPageV2(h)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// header reads the header at c.at and moves past it.
func (c *column) header() (h pageHeader, err error) {
	for n := int64(256); ; n *= 4 {
		n = min(n, c.end-c.at)
		if n <= 0 {
			return h, fmt.Errorf("found no more pages, wanted %d values", c.left)
		}
		c.packed = resize(c.packed, int(n))
		if _, err := c.r.ReadAt(c.packed, c.at); err != nil {
			return h, noEOF(err)
		}
		h, size, err := parsePageHeader(c.packed)
		if err == nil {
			c.at += int64(size)
			return h, nil
		}
		if n >= c.end-c.at || n >= maxPageHeader {
			return h, err
		}
	}
}

func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

func resize(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// unpack decompresses; a wrong length is an error.
func (c *column) unpack(to, from []byte) ([]byte, error) {
	if len(to) == 0 {
		return to, nil
	}
	out := c.codec.Decode(to, from)
	if len(out) != len(to) {
		return nil, fmt.Errorf("found a page of %d bytes where its header says %d", len(out), len(to))
	}
	return out, nil
}

func (c *column) openDictionary(h pageHeader) error {
	if c.dict != nil {
		return fmt.Errorf("found a second dictionary")
	}
	data, err := c.unpack(make([]byte, h.unpacked), c.packed)
	if err != nil {
		return err
	}
	c.dict, err = c.newDictionary(data, h.values)
	return err
}

// begin checks the number of a page's values.
func (c *column) begin(h pageHeader) error {
	if h.values < 0 || h.values > c.left {
		return fmt.Errorf("found a page of %d values, wanted at most %d", h.values, c.left)
	}
	c.left -= h.values
	c.inPage = h.values
	return nil
}

func (c *column) openPage(h pageHeader) (err error) {
	if err := c.begin(h); err != nil {
		return err
	}
	c.unpacked = resize(c.unpacked, int(h.unpacked))
	data, err := c.unpack(c.unpacked, c.packed)
	if err != nil {
		return err
	}
	for _, l := range []struct {
		max  int16
		code int64
		to   *hybrid
	}{{c.maxRep, h.repCode, &c.reps}, {c.maxDef, h.defCode, &c.defs}} {
		if l.max == 0 {
			continue
		}
		if l.code != codeRLE {
			return fmt.Errorf("found levels in encoding %d, wanted %d (RLE)", l.code, codeRLE)
		}
		var part []byte
		if part, data, err = cutPrefixed(data); err != nil {
			return err
		}
		*l.to = newHybrid(part, bits.Len16(uint16(l.max)))
	}
	c.values, err = c.newDecoder(h.encoding, data, h.values)
	return err
}

// cutPrefixed splits off what follows its own length in four bytes.
func cutPrefixed(data []byte) (part, rest []byte, err error) {
	if len(data) < 4 || uint64(binary.LittleEndian.Uint32(data)) > uint64(len(data)-4) {
		return nil, nil, errShort
	}
	n := 4 + int(binary.LittleEndian.Uint32(data))
	return data[4:n], data[n:], nil
}

func (c *column) openPageV2(h pageHeader) (err error) {
	if err := c.begin(h); err != nil {
		return err
	}
	levels := h.repBytes + h.defBytes
	if h.repBytes < 0 || h.defBytes < 0 || levels > min(h.packed, h.unpacked) {
		return fmt.Errorf("found levels of %d bytes in a page of %d", levels, h.packed)
	}
	c.reps = newHybrid(c.packed[:h.repBytes], bits.Len16(uint16(c.maxRep)))
	c.defs = newHybrid(c.packed[h.repBytes:levels], bits.Len16(uint16(c.maxDef)))
	data := c.packed[levels:]
	if !h.plain {
		c.unpacked = resize(c.unpacked, int(h.unpacked-levels))
		if data, err = c.unpack(c.unpacked, data); err != nil {
			return err
		}
	}
	c.values, err = c.newDecoder(h.encoding, data, h.values)
	return err
}
