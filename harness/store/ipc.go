package store

// Arrow files of one batch and known columns, read without trusting a byte: the columns'
// description must be the one that this program writes, so that arrow never builds one
// out of what a damaged file says (it allocates whatever that asks for), and nothing is
// longer than the file.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

var errVersion = errors.New("other schema version")

// seekBuffer lets ipc ask for its position; ipc never moves it.
type seekBuffer struct{ bytes.Buffer }

func (b *seekBuffer) Seek(int64, int) (int64, error) { return int64(b.Len()), nil }

// writeBatch writes an Arrow file; nil for rec means one without rows.
func writeBatch(rec arrow.Record, schema *arrow.Schema, opts ...ipc.Option) ([]byte, error) {
	var out seekBuffer
	w, err := ipc.NewFileWriter(&out, append(opts, ipc.WithSchema(schema))...)
	if err != nil {
		return nil, err
	}
	if rec != nil {
		if err := w.Write(rec); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// magicBytes is the length of what stands before the first message of a file.
const magicBytes = 8

// head is how a file with these columns begins: magic and the description of the columns.
func head(schema *arrow.Schema) []byte {
	data, err := writeBatch(nil, schema)
	if err != nil {
		panic(err) // constant schema
	}
	_, rest, err := cutMessage(data[magicBytes:])
	if err != nil {
		panic(err)
	}
	return data[:len(data)-len(rest)]
}

// cutMessage splits the metadata of an encapsulated message from what follows it.
func cutMessage(data []byte) (meta, rest []byte, err error) {
	if len(data) < 8 || binary.LittleEndian.Uint32(data) != 0xffffffff {
		return nil, nil, fmt.Errorf("found no message, wanted one")
	}
	n := int64(int32(binary.LittleEndian.Uint32(data[4:])))
	if n <= 0 || n > int64(len(data)-8) {
		return nil, nil, fmt.Errorf("found a message of %d bytes in %d", n, len(data)-8)
	}
	return data[8 : 8+n], data[8+n:], nil
}

// messages hands the messages of data to ipc.
type messages struct{ data []byte }

func (m *messages) Retain()  {}
func (m *messages) Release() {}

func (m *messages) Message() (*ipc.Message, error) {
	meta, rest, err := cutMessage(m.data)
	if err != nil {
		return nil, err
	}
	msg := ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(nil))
	n := msg.BodyLen()
	if n < 0 || n > int64(len(rest)) {
		return nil, fmt.Errorf("found a body of %d bytes in %d", n, len(rest))
	}
	m.data = rest[n:]
	return ipc.NewMessage(memory.NewBufferBytes(meta), memory.NewBufferBytes(rest[:n])), nil
}

// readBatch reads the batch of a file that begins with head. It may panic: see caught.
func readBatch(data, head []byte, mem memory.Allocator) (arrow.Record, error) {
	if !bytes.HasPrefix(data, head) {
		if bytes.Contains(data[:min(len(data), 1<<16)], []byte(schemaKey)) {
			return nil, fmt.Errorf("%w: this program reads only version %s: use the theriac that wrote it, or delete the file and run the experiment again", errVersion, SchemaVersion)
		}
		return nil, fmt.Errorf("found no file that theriac wrote")
	}
	r, err := ipc.NewReaderFromMessageReader(&messages{data[magicBytes:]}, ipc.WithAllocator(mem))
	if err != nil {
		return nil, err
	}
	rec, err := r.Read()
	if err == io.EOF {
		err = fmt.Errorf("found no rows")
	}
	return rec, err
}

// backed says whether a column of n rows has the memory that n rows need.
func backed(a arrow.Array, n int) error {
	var need int
	switch t := a.DataType().(type) {
	case *arrow.StringType:
		need = 4 * (n + 1)
	case *arrow.BooleanType:
		need = (n + 7) / 8
	case arrow.FixedWidthDataType:
		need = n * t.Bytes()
	}
	bufs := a.Data().Buffers()
	if n > 0 && (a.Len() < n || len(bufs) < 2 || bufs[1] == nil || bufs[1].Len() < need) {
		return fmt.Errorf("found fewer values than rows")
	}
	return nil
}
