package store

// One column of a Parquet file: its levels and values, one at a time.

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow/float16"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

const leafBatch = 1024

type leaf struct {
	name      string
	column    *schema.Column
	def, rep0 int16 // the greatest levels
	text      bool  // values are strings

	r      file.ColumnChunkReader
	defs   []int16
	reps   []int16
	values []any
	n, at  int // levels read and used
	v      int // values used
	fill   func() (levels int64, values int, err error)
}

func newLeaf(s *schema.Schema, i int) (*leaf, error) {
	if i >= s.NumColumns() {
		return nil, fmt.Errorf("found fewer columns than the schema has")
	}
	c := s.Column(i)
	l := &leaf{name: c.Path(), column: c, def: c.MaxDefinitionLevel(), rep0: c.MaxRepetitionLevel()}
	l.defs, l.reps = make([]int16, leafBatch), make([]int16, leafBatch)
	switch c.LogicalType().(type) {
	case schema.StringLogicalType, schema.EnumLogicalType, schema.JSONLogicalType:
		l.text = c.PhysicalType() == parquet.Types.ByteArray
	}
	return l, nil
}

// open begins a row group.
func (l *leaf) open(g *file.RowGroupReader, i int) error {
	r, err := g.Column(i)
	if err != nil {
		return err
	}
	l.r, l.n, l.at, l.v = r, 0, 0, 0
	switch r := r.(type) {
	case *file.BooleanColumnChunkReader:
		l.fill = filler(l, r.ReadBatch, func(v bool) any { return v })
	case *file.Int32ColumnChunkReader:
		l.fill = filler(l, r.ReadBatch, func(v int32) any { return l.integer(int64(v), 32) })
	case *file.Int64ColumnChunkReader:
		l.fill = filler(l, r.ReadBatch, func(v int64) any { return l.integer(v, 64) })
	case *file.Int96ColumnChunkReader:
		l.fill = filler(l, r.ReadBatch, func(v parquet.Int96) any { return instant(v.ToTime()) })
	case *file.Float32ColumnChunkReader:
		l.fill = filler(l, r.ReadBatch, func(v float32) any { return v })
	case *file.Float64ColumnChunkReader:
		l.fill = filler(l, r.ReadBatch, func(v float64) any { return v })
	case *file.ByteArrayColumnChunkReader:
		l.fill = filler(l, r.ReadBatch, func(v parquet.ByteArray) any { return l.bytes(v) })
	case *file.FixedLenByteArrayColumnChunkReader:
		l.fill = filler(l, r.ReadBatch, func(v parquet.FixedLenByteArray) any { return l.bytes(v) })
	default:
		return fmt.Errorf("column %s: found the physical type %v, which is not known", l.name, l.column.PhysicalType())
	}
	return nil
}

// filler reads a batch with a typed reader and keeps its values as any.
func filler[T any](l *leaf, read func(int64, []T, []int16, []int16) (int64, int, error), as func(T) any) func() (int64, int, error) {
	buffer := make([]T, leafBatch)
	return func() (int64, int, error) {
		n, values, err := read(leafBatch, buffer, l.defs, l.reps)
		l.values = l.values[:0]
		for _, v := range buffer[:max(0, min(values, len(buffer)))] {
			l.values = append(l.values, as(v))
		}
		return n, values, err
	}
}

// more says whether there is another pair of levels. It panics, for caught to catch, on
// what cannot be read.
func (l *leaf) more() bool {
	if l.r == nil {
		return false
	}
	if l.at < l.n {
		return true
	}
	n, _, err := l.fill()
	if err == nil {
		err = l.r.Err()
	}
	if err != nil {
		panic(fmt.Errorf("column %s: %w", l.name, err))
	}
	l.at, l.v, l.n = 0, 0, int(n)
	if l.n > leafBatch {
		panic(fmt.Errorf("column %s: found more levels than were asked for", l.name))
	}
	return l.n > 0
}

func (l *leaf) need() {
	if !l.more() {
		panic(fmt.Errorf("column %s: found fewer values than rows", l.name))
	}
}

// def0 and rep are the levels of the next pair.
func (l *leaf) def0() int16 {
	l.need()
	if l.def == 0 {
		return 0
	}
	return l.defs[l.at]
}

func (l *leaf) rep() int16 {
	if l.rep0 == 0 {
		return 0
	}
	return l.reps[l.at]
}

// take moves past a pair of levels and returns its value, if it has one.
func (l *leaf) take() any {
	there := l.def0() == l.def
	l.at++
	if !there {
		return nil
	}
	if l.v >= len(l.values) {
		panic(fmt.Errorf("column %s: found fewer values than its levels promise", l.name))
	}
	l.v++
	return l.values[l.v-1]
}

// integer is an int32 or int64 as its logical type wants it.
func (l *leaf) integer(v int64, bits int) any {
	switch t := l.column.LogicalType().(type) {
	case schema.DateLogicalType:
		return time.Unix(0, 0).UTC().AddDate(0, 0, int(v)).Format(time.DateOnly)
	case *schema.TimestampLogicalType:
		return instant(inUnit(v, t.TimeUnit()))
	case *schema.TimeLogicalType:
		return inUnit(v, t.TimeUnit()).Format("15:04:05.999999999")
	case *schema.DecimalLogicalType:
		return decimal(big.NewInt(v), t.Scale())
	case *schema.IntLogicalType:
		if !t.IsSigned() && bits == 32 {
			return uint32(v)
		}
		if !t.IsSigned() {
			return uint64(v)
		}
	}
	if bits == 32 {
		return int32(v)
	}
	return v
}

func inUnit(v int64, unit schema.TimeUnitType) time.Time {
	switch unit {
	case schema.TimeUnitMillis:
		return time.UnixMilli(v).UTC()
	case schema.TimeUnitMicros:
		return time.UnixMicro(v).UTC()
	}
	return time.Unix(v/1e9, v%1e9).UTC()
}

func instant(t time.Time) string { return t.Format(time.RFC3339Nano) }

// bytes are text, a number or just bytes, as the logical type wants it.
func (l *leaf) bytes(v []byte) any {
	switch t := l.column.LogicalType().(type) {
	case *schema.DecimalLogicalType:
		n := new(big.Int).SetBytes(v)
		if len(v) > 0 && v[0] >= 0x80 { // two's complement
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v))))
		}
		return decimal(n, t.Scale())
	case schema.Float16LogicalType:
		if len(v) == 2 {
			return float16.FromLEBytes(v).Float32()
		}
	case schema.UUIDLogicalType:
		if len(v) == 16 {
			return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
		}
	}
	if l.text {
		return string(v)
	}
	return slices.Clone(v)
}

// decimal writes n / 10^scale.
func decimal(n *big.Int, scale int32) string {
	if scale <= 0 || scale > math.MaxInt16 {
		return n.String()
	}
	digits := new(big.Int).Abs(n).String()
	if pad := int(scale) + 1 - len(digits); pad > 0 {
		digits = strings.Repeat("0", pad) + digits
	}
	sign := ""
	if n.Sign() < 0 {
		sign = "-"
	}
	return sign + digits[:len(digits)-int(scale)] + "." + digits[len(digits)-int(scale):]
}
