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
	"github.com/apache/arrow/go/v17/parquet/schema"
)

const (
	leafBatch = 1024
	maxRow    = 256 << 20
)

type leaf struct {
	name      string
	descr     *schema.Column
	def, rep0 int16 // the greatest levels
	text      bool  // values are strings
	room      *int  // bytes that the row may still take

	c      *column
	defs   []int16
	reps   []int16
	words  []uint64
	texts  [][]byte
	n, at  int // levels read and used
	values int // values read and used
	v      int
}

func newLeaf(s *schema.Schema, i int) (*leaf, error) {
	if i >= s.NumColumns() {
		return nil, fmt.Errorf("found fewer columns than the schema has")
	}
	c := s.Column(i)
	l := &leaf{name: c.Path(), descr: c, def: c.MaxDefinitionLevel(), rep0: c.MaxRepetitionLevel()}
	l.defs, l.reps = make([]int16, leafBatch), make([]int16, leafBatch)
	l.words, l.texts = make([]uint64, leafBatch), make([][]byte, leafBatch)
	switch c.LogicalType().(type) {
	case schema.StringLogicalType, schema.EnumLogicalType, schema.JSONLogicalType:
		l.text = c.PhysicalType() == parquet.Types.ByteArray
	}
	return l, nil
}

// open begins a row group.
func (l *leaf) open(c *column) { l.c, l.n, l.at, l.values, l.v = c, 0, 0, 0, 0 }

// more says whether there is another pair of levels. It panics, for caught to catch, on
// what cannot be read.
func (l *leaf) more() bool {
	if l.c == nil {
		return false
	}
	if l.at < l.n {
		return true
	}
	var err error
	l.at, l.v = 0, 0
	if l.n, l.values, err = l.c.batch(l.defs, l.reps); err == nil && l.values > 0 {
		err = l.c.read(l.words[:l.values], l.texts[:l.values])
	}
	if err != nil {
		panic(fmt.Errorf("column %s: %w", l.name, err))
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
	l.spend(16)
	if !there {
		return nil
	}
	v := l.v
	l.v++
	switch l.descr.PhysicalType() {
	case parquet.Types.Boolean:
		return l.words[v] != 0
	case parquet.Types.Int32:
		return l.integer(int64(int32(l.words[v])), 32)
	case parquet.Types.Int64:
		return l.integer(int64(l.words[v]), 64)
	case parquet.Types.Float:
		return math.Float32frombits(uint32(l.words[v]))
	case parquet.Types.Double:
		return math.Float64frombits(l.words[v])
	case parquet.Types.Int96:
		return instant(parquet.Int96(l.texts[v]).ToTime())
	}
	l.spend(len(l.texts[v]))
	return l.bytes(l.texts[v])
}

// spend bounds a row: a few bytes of a file can stand for any number of values.
func (l *leaf) spend(n int) {
	if *l.room -= n; *l.room < 0 {
		panic(fmt.Errorf("column %s: found a row of more than %d bytes", l.name, maxRow))
	}
}

// integer is an int32 or int64 as its logical type wants it.
func (l *leaf) integer(v int64, bits int) any {
	switch t := l.descr.LogicalType().(type) {
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
	switch t := l.descr.LogicalType().(type) {
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
