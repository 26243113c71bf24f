package corpus

// Files on disk: digests, compression, and formats by name.

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Format names a file format.
type Format string

// The formats that theriac reads. A .json file may hold a list or one object a line.
const (
	JSON    Format = "json"
	JSONL   Format = "jsonl"
	CSV     Format = "csv"
	Parquet Format = "parquet"
)

// formatOf returns the format and the compression (".gz", ".zst" or "") that a
// file's name promises.
func formatOf(path string) (f Format, zip string) {
	name := strings.ToLower(filepath.Base(path))
	switch ext := filepath.Ext(name); ext {
	case ".gz", ".zst":
		name, zip = strings.TrimSuffix(name, ext), ext
	}
	switch filepath.Ext(name) {
	case ".json":
		f = JSON
	case ".jsonl", ".ndjson":
		f = JSONL
	case ".csv":
		f = CSV
	case ".parquet":
		f = Parquet
	}
	return f, zip
}

// digestedFile is an open file whose digest is known.
type digestedFile struct {
	*os.File
	info os.FileInfo
}

// unchanged fails if the file has other bytes than when it was digested, as far
// as its size and time tell.
func (f digestedFile) unchanged() error {
	now, err := f.Stat()
	if err == nil && (now.Size() != f.info.Size() || !now.ModTime().Equal(f.info.ModTime())) {
		err = fmt.Errorf("%s: the file changed while it was read: read it again", f.Name())
	}
	return err
}

func openDigested(path string) (f digestedFile, digest string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return f, "", err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	f.File = file
	if f.info, err = file.Stat(); err != nil {
		return f, "", err
	}
	if !f.info.Mode().IsRegular() {
		return f, "", fmt.Errorf("%s: found no regular file, wanted one that can be read twice", path)
	}
	h := sha256.New()
	if _, err = io.Copy(h, file); err != nil {
		return f, "", err
	}
	_, err = file.Seek(0, io.SeekStart)
	return f, hex.EncodeToString(h.Sum(nil)), err
}

// unzip wraps in according to the ending, and leaves r what must be closed.
func unzip(f digestedFile, zip string, r *Reader) (io.Reader, error) {
	switch zip {
	case ".gz":
		z, err := gzip.NewReader(bufio.NewReaderSize(f, 1<<16))
		if err != nil {
			return nil, fmt.Errorf("%s: found no gzip file: %w", f.Name(), err)
		}
		return z, nil
	case ".zst":
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		r.closers = append(r.closers, z.IOReadCloser())
		return z, nil
	}
	return f, nil
}
