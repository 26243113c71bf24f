package store

// Compression: arrow makes a new zstd encoder for each page, at a cost of a millisecond,
// and unpacks as much as a page holds, whatever its header says.

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/zstd"
)

func init() {
	for _, c := range []compress.Compression{compress.Codecs.Gzip, compress.Codecs.Brotli} {
		if codec, err := compress.GetCodec(c); err == nil {
			compress.RegisterCodec(c, boundedCodec{codec})
		}
	}
	if codec, err := compress.GetCodec(compress.Codecs.Snappy); err == nil {
		compress.RegisterCodec(compress.Codecs.Snappy, snappyCodec{codec})
	}
	codec, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		panic(err) // not a matter of input: the library was built without zstd
	}
	enc, err1 := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithZeroFrames(true))
	dec, err2 := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(batchBytes), zstd.WithDecoderConcurrency(0))
	if err1 != nil || err2 != nil {
		panic(fmt.Sprint(err1, err2)) // constant options
	}
	compress.RegisterCodec(compress.Codecs.Zstd, zstdCodec{codec, enc, dec})
}

// zstdCodec has one level, whatever is asked for.
type zstdCodec struct {
	compress.Codec
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func (z zstdCodec) Encode(dst, src []byte) []byte { return z.enc.EncodeAll(src, dst[:0]) }

func (z zstdCodec) EncodeLevel(dst, src []byte, _ int) []byte { return z.Encode(dst, src) }

func (z zstdCodec) Decode(dst, src []byte) []byte {
	out, err := z.dec.DecodeAll(src, dst[:0])
	if err != nil {
		panic(err) // as arrow does; see caught
	}
	return out
}

// snappyCodec believes a block's length, which is its first number, only if there is room.
type snappyCodec struct{ compress.Codec }

func (s snappyCodec) Decode(dst, src []byte) []byte {
	if n, k := binary.Uvarint(src); k <= 0 || n > uint64(len(dst)) {
		panic(fmt.Errorf("snappy: found a block of %d bytes where its header says %d", n, len(dst)))
	}
	return s.Codec.Decode(dst, src)
}

// boundedCodec unpacks no more than there is room for.
type boundedCodec struct{ compress.Codec }

func (b boundedCodec) Decode(dst, src []byte) []byte {
	r := b.NewReader(bytes.NewReader(src))
	defer r.Close()
	n, err := io.ReadFull(r, dst)
	if err == nil {
		if extra, _ := io.CopyN(io.Discard, r, 1); extra > 0 {
			err = fmt.Errorf("found more than the %d bytes that its header says", len(dst))
		}
	}
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		panic(err)
	}
	return dst[:n]
}
