package corpus

// Where rows come from, whatever the format: a source cuts its input into rows
// and the bytes between them, so that a file can be put together again exactly.

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// rawRow is one row as it stands in its file. Its slices are valid until the
// next row is asked for.
type rawRow struct {
	before []byte // all bytes since the previous row, separators included
	raw    []byte // the row
	line   int    // 1-based line on which raw starts
	eol    string // the row's line end, for formats with one row a line
	long   bool   // longer than the limit: raw holds nothing
}

// cell is one named value of a row: the value as JSON, and where it stands in
// the row's bytes.
type cell struct {
	key    string
	value  []byte
	v0, v1 int
}

type source interface {
	// next returns the next row, or io.EOF; any other error is the file's end.
	next() (rawRow, error)
	// tail returns the bytes after the last row, once next has returned io.EOF.
	tail() []byte
	// cells takes a row apart; its error concerns that row only.
	cells(r rawRow) ([]cell, error)
	// splice returns the row with the values of these cells replaced; values has
	// one entry a cell, nil where nothing changes.
	splice(r rawRow, cells []cell, values [][]byte) ([]byte, error)
	// compose returns a row of these fields in the manner of row r.
	compose(r rawRow, cells []cell, fields []Field) ([]byte, error)
	// separator returns the bytes that stand between row r and one added after it.
	separator(r rawRow) []byte
}

// input reads bytes and counts lines.
type input struct {
	*bufio.Reader
	name string
	line int // 1-based line of the next byte
	max  int // bytes a row may have
}

func newInput(r io.Reader, name string, max int) *input {
	return &input{bufio.NewReaderSize(r, 1<<16), name, 1, max}
}

// ReadByte shadows bufio's to count lines.
func (in *input) ReadByte() (byte, error) {
	c, err := in.Reader.ReadByte()
	if c == '\n' && err == nil {
		in.line++
	}
	return c, err
}

func (in *input) errorf(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %w", in.name, line, fmt.Errorf(format, args...))
}

// readErr gives an error of the reader below (disk, gzip, zstd) its place.
func (in *input) readErr(err error) error {
	return in.errorf(in.line, "cannot read on: %w", err)
}

// bom takes a byte order mark off the front and returns it.
func (in *input) bom() ([]byte, error) {
	head, _ := in.Peek(3)
	switch {
	case bytes.Equal(head, []byte("\xef\xbb\xbf")):
		_, err := in.Discard(3)
		return []byte("\xef\xbb\xbf"), err
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return nil, in.errorf(1, "found UTF-16 text, wanted UTF-8: convert the file first")
	}
	return nil, nil
}
