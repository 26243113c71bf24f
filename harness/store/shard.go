package store

// A shard: one run as an Arrow file with one row, checked by its name.

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

const (
	schemaKey = "theriac.schema"
	setKey    = "theriac.set"
)

// nested are the tables that a shard holds as lists, in the order of its columns.
var nested = append([]anyTable{specTable}, longTables...)

var shardSchema = func() *arrow.Schema {
	fields := runFields()
	for _, t := range nested {
		fields = append(fields, arrow.Field{Name: t.title(), Type: arrow.ListOfNonNullable(arrow.StructOf(t.fields()...))})
	}
	meta := arrow.NewMetadata([]string{schemaKey}, []string{SchemaVersion})
	return arrow.NewSchema(fields, &meta)
}()

var shardHead = sync.OnceValue(func() []byte { return head(shardSchema) })

// errTorn marks a shard whose bytes are not those that its name promises.
var errTorn = errors.New("torn shard")

// encodeShard writes a record in canonical form.
func encodeShard(r *Record) ([]byte, error) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, shardSchema)
	defer b.Release()
	for i := range runCols {
		runCols[i].write(b.Field(i), []Run{r.Run})
	}
	for i, t := range nested {
		list := b.Field(len(runCols) + i).(*array.ListBuilder)
		list.Append(true)
		rows := list.ValueBuilder().(*array.StructBuilder)
		n := t.count(r)
		rows.Reserve(n)
		for range n {
			rows.Append(true)
		}
		t.write(fieldBuilders(rows), r, 0, n)
	}
	rec := b.NewRecord()
	defer rec.Release()
	return writeBatch(rec, shardSchema)
}

func fieldBuilders(b *array.StructBuilder) []array.Builder {
	out := make([]array.Builder, b.NumField())
	for i := range out {
		out[i] = b.FieldBuilder(i)
	}
	return out
}

// shardName of a run's bytes.
func shardName(run string, data []byte) string {
	d := sha256.Sum256(data)
	return run + "." + hex.EncodeToString(d[:8]) + ".arrow"
}

// shardRun is the run that a file's name speaks of.
func shardRun(name string) (run string, ok bool) {
	rest, ok := strings.CutSuffix(name, ".arrow")
	if !ok || len(rest) < 18 || rest[len(rest)-17] != '.' {
		return "", false
	}
	if _, err := hex.DecodeString(rest[len(rest)-16:]); err != nil {
		return "", false
	}
	run = rest[:len(rest)-17]
	return run, checkID(run) == nil
}

// readShard reads and checks a shard; the error of one that is torn is errTorn.
func readShard(path string) (*Record, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	run, ok := shardRun(name)
	if !ok || shardName(run, data) != name {
		return nil, fmt.Errorf("%s: found %d bytes that its name does not promise: %w", path, len(data), errTorn)
	}
	r, err := decodeShard(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if r.ID != run {
		return nil, fmt.Errorf("%s: found run %s, wanted %s: %w", path, r.ID, run, errTorn)
	}
	return r, nil
}

// decodeShard reads a shard's bytes. Any error but that of the version is errTorn.
func decodeShard(data []byte) (*Record, error) {
	r, err := decode(data)
	if err != nil && !errors.Is(err, errVersion) {
		err = fmt.Errorf("%w: %v", errTorn, err)
	}
	return r, err
}

func decode(data []byte) (r *Record, err error) {
	defer caught(&err)
	rec, err := readBatch(data, shardHead(), newBudget(1<<20+8*int64(len(data))))
	if err != nil {
		return nil, err
	}
	if rec.NumRows() != 1 {
		return nil, fmt.Errorf("found %d rows, wanted 1", rec.NumRows())
	}
	r = &Record{}
	run := make([]Run, 1)
	for i := range runCols {
		runCols[i].read(rec.Column(i), 0, run)
	}
	r.Run = run[0]
	for i, t := range nested {
		list := rec.Column(len(runCols) + i).(*array.List)
		from, to := list.ValueOffsets(0)
		rows := list.ListValues().(*array.Struct)
		if from < 0 || from > to || to > int64(rows.Len()) {
			return nil, fmt.Errorf("%s: found rows %d to %d of %d", t.title(), from, to, rows.Len())
		}
		columns := make([]arrow.Array, rows.NumField())
		for j := range columns {
			columns[j] = rows.Field(j)
			if err := backed(columns[j], int(to)); err != nil {
				return nil, fmt.Errorf("%s: %w", t.title(), err)
			}
		}
		t.read(columns, int(from), int(to), r)
	}
	c, err := canonical(r)
	if err != nil {
		return nil, err
	}
	if c.Digest != r.Digest {
		return nil, fmt.Errorf("found run %s with digest %s, wanted %s", r.ID, r.Digest, c.Digest)
	}
	// A run outlives its rows, which share one piece of memory.
	for i := range runCols {
		runCols[i].own(&c.Run)
	}
	for i := range c.Spec {
		c.Spec[i] = Field{strings.Clone(c.Spec[i].Name), strings.Clone(c.Spec[i].Value)}
	}
	return c, nil
}
