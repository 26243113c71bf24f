package corpus

// An output file that appears whole or not at all, compressed by its name,
// counting the lines and digesting the bytes that go into it.

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"github.com/google/renameio/v2"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

type output struct {
	file *renameio.PendingFile
	sum  hash.Hash
	buf  *bufio.Writer
	zip  io.WriteCloser // nil if plain
	w    io.Writer      // where rows go: zip, or buf
	line int            // 1-based line of the next byte
}

func create(path, zip string) (*output, error) {
	file, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644))
	if err != nil {
		return nil, fmt.Errorf("%s: cannot create: %w", path, err)
	}
	o := &output{file: file, sum: sha256.New(), line: 1}
	o.buf = bufio.NewWriterSize(io.MultiWriter(file, o.sum), 1<<18)
	o.w = o.buf
	switch zip {
	case ".gz":
		o.zip = gzip.NewWriter(o.buf)
	case ".zst":
		o.zip, err = zstd.NewWriter(o.buf, zstd.WithEncoderConcurrency(1))
	}
	if err != nil {
		file.Cleanup()
		return nil, err
	}
	if o.zip != nil {
		o.w = o.zip
	}
	return o, nil
}

func (o *output) Write(b []byte) (int, error) {
	o.line += bytes.Count(b, []byte{'\n'})
	return o.w.Write(b)
}

// commit finishes the file, gives it its name and returns its digest.
func (o *output) commit() (digest string, err error) {
	if o.zip != nil {
		err = o.zip.Close()
	}
	if err == nil {
		err = o.buf.Flush()
	}
	if err == nil {
		err = o.file.CloseAtomicallyReplace()
	}
	return hex.EncodeToString(o.sum.Sum(nil)), err
}

// abort leaves nothing behind; after commit it does nothing.
func (o *output) abort() { o.file.Cleanup() }
