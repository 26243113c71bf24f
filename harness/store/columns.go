package store

// One description of a table's columns serves all that is done with them: Arrow
// and Parquet both ways, order, digest, text.

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// col is a column of rows T. at points at the row's value: *string, *bool, *int32,
// *int64, *float32 or *float64. The int64 -1 of a nullable column stands for null.
type col[T any] struct {
	name     string
	nullable bool
	at       func(*T) any
}

func (c *col[T]) field() arrow.Field {
	var t arrow.DataType
	switch c.at(new(T)).(type) {
	case *string:
		t = arrow.BinaryTypes.String
	case *bool:
		t = arrow.FixedWidthTypes.Boolean
	case *int32:
		t = arrow.PrimitiveTypes.Int32
	case *int64:
		t = arrow.PrimitiveTypes.Int64
	case *float32:
		t = arrow.PrimitiveTypes.Float32
	case *float64:
		t = arrow.PrimitiveTypes.Float64
	}
	return arrow.Field{Name: c.name, Type: t, Nullable: c.nullable}
}

// write appends the rows' values to a builder of the column's type.
func (c *col[T]) write(b array.Builder, rows []T) {
	b.Reserve(len(rows))
	for i := range rows {
		switch p := c.at(&rows[i]).(type) {
		case *string:
			b.(*array.StringBuilder).Append(*p)
		case *bool:
			b.(*array.BooleanBuilder).Append(*p)
		case *int32:
			b.(*array.Int32Builder).Append(*p)
		case *int64:
			if c.nullable && *p == -1 {
				b.AppendNull()
			} else {
				b.(*array.Int64Builder).Append(*p)
			}
		case *float32:
			b.(*array.Float32Builder).Append(*p)
		case *float64:
			b.(*array.Float64Builder).Append(*p)
		}
	}
}

// read sets the rows' values from those of a at i and on. Strings share a's memory.
func (c *col[T]) read(a arrow.Array, i int, rows []T) {
	for j := range rows {
		switch p := c.at(&rows[j]).(type) {
		case *string:
			*p = a.(*array.String).Value(i + j)
		case *bool:
			*p = a.(*array.Boolean).Value(i + j)
		case *int32:
			*p = a.(*array.Int32).Value(i + j)
		case *int64:
			if *p = -1; !c.nullable || a.IsValid(i+j) {
				*p = a.(*array.Int64).Value(i + j)
			}
		case *float32:
			*p = a.(*array.Float32).Value(i + j)
		case *float64:
			*p = a.(*array.Float64).Value(i + j)
		}
	}
}

// own copies text out of the memory that it shares.
func (c *col[T]) own(row *T) {
	if p, ok := c.at(row).(*string); ok {
		*p = strings.Clone(*p)
	}
}

// clean makes equal what is equal: one NaN, no bytes that are not UTF-8.
func (c *col[T]) clean(row *T) {
	switch p := c.at(row).(type) {
	case *string:
		*p = strings.ToValidUTF8(*p, "\uFFFD")
	case *int64:
		if c.nullable && *p < 0 {
			*p = -1
		}
	case *float32:
		if *p != *p {
			*p = math.Float32frombits(0x7fc00000)
		}
	case *float64:
		if *p != *p {
			*p = math.Float64frombits(0x7ff8000000000000)
		}
	}
}

// hash appends the value's canonical bytes.
func (c *col[T]) hash(out []byte, row *T) []byte {
	switch p := c.at(row).(type) {
	case *string:
		return append(binary.AppendUvarint(out, uint64(len(*p))), *p...)
	case *bool:
		if *p {
			return append(out, 1)
		}
		return append(out, 0)
	case *int32:
		return binary.LittleEndian.AppendUint32(out, uint32(*p))
	case *int64:
		return binary.LittleEndian.AppendUint64(out, uint64(*p))
	case *float32:
		return binary.LittleEndian.AppendUint32(out, math.Float32bits(*p))
	case *float64:
		return binary.LittleEndian.AppendUint64(out, math.Float64bits(*p))
	}
	return out
}

// text is the value as CSV and differences show it; null is empty.
func (c *col[T]) text(row *T) string {
	switch p := c.at(row).(type) {
	case *string:
		return *p
	case *bool:
		return strconv.FormatBool(*p)
	case *int32:
		return strconv.Itoa(int(*p))
	case *int64:
		if c.nullable && *p == -1 {
			return ""
		}
		return strconv.FormatInt(*p, 10)
	case *float32:
		return strconv.FormatFloat(float64(*p), 'g', -1, 32)
	case *float64:
		return strconv.FormatFloat(*p, 'g', -1, 64)
	}
	return ""
}

func (c *col[T]) compare(a, b *T) int {
	switch p := c.at(a).(type) {
	case *string:
		return strings.Compare(*p, *c.at(b).(*string))
	case *int32:
		return cmp.Compare(*p, *c.at(b).(*int32))
	}
	panic("store: column " + c.name + " is no key")
}

// table is the rows of one kind that a run has. The first keys columns identify a
// row within its run.
type table[T any] struct {
	name string
	keys int
	cols []col[T]
	rows func(*Record) *[]T
}

// anyTable is a table of any row type.
type anyTable interface {
	title() string
	fields() []arrow.Field
	count(r *Record) int
	clear(r *Record)
	sort(r *Record) error
	hash(out []byte, r *Record) []byte
	write(bs []array.Builder, r *Record, from, to int)
	read(as []arrow.Array, from, to int, r *Record)
	text(r *Record, i int) []string
	diff(a, b *Record, say func(key, column, a, b string) bool) bool
}

func (t *table[T]) title() string { return t.name }

func (t *table[T]) fields() []arrow.Field {
	out := make([]arrow.Field, len(t.cols))
	for i := range t.cols {
		out[i] = t.cols[i].field()
	}
	return out
}

func (t *table[T]) count(r *Record) int { return len(*t.rows(r)) }

func (t *table[T]) clear(r *Record) { *t.rows(r) = nil }

func (t *table[T]) compare(a, b *T) int {
	for i := range t.cols[:t.keys] {
		if c := t.cols[i].compare(a, b); c != 0 {
			return c
		}
	}
	return 0
}

// key is a row's key as messages show it.
func (t *table[T]) key(row *T) string {
	out := t.cols[0].text(row)
	for i := 1; i < t.keys; i++ {
		out += "/" + t.cols[i].text(row)
	}
	return out
}

// sort replaces r's rows by a clean and sorted copy.
func (t *table[T]) sort(r *Record) error {
	rows := slices.Clone(*t.rows(r))
	for i := range rows {
		for j := range t.cols {
			t.cols[j].clean(&rows[i])
		}
	}
	order := func(a, b T) int { return t.compare(&a, &b) }
	if !slices.IsSortedFunc(rows, order) {
		slices.SortFunc(rows, order)
	}
	for i := 1; i < len(rows); i++ {
		if t.compare(&rows[i-1], &rows[i]) == 0 {
			return fmt.Errorf("run %s: %s: found %q twice, wanted it once", r.ID, t.name, t.key(&rows[i]))
		}
	}
	*t.rows(r) = rows
	return nil
}

func (t *table[T]) hash(out []byte, r *Record) []byte {
	rows := *t.rows(r)
	out = append(out, t.name...)
	out = binary.LittleEndian.AppendUint64(out, uint64(len(rows)))
	for i := range rows {
		for j := range t.cols {
			out = t.cols[j].hash(out, &rows[i])
		}
	}
	return out
}

func (t *table[T]) write(bs []array.Builder, r *Record, from, to int) {
	rows := (*t.rows(r))[from:to]
	for j := range t.cols {
		t.cols[j].write(bs[j], rows)
	}
}

// read appends the rows [from, to) of the columns as to r.
func (t *table[T]) read(as []arrow.Array, from, to int, r *Record) {
	if from == to {
		return
	}
	rows := t.rows(r)
	n := len(*rows)
	*rows = append(*rows, make([]T, to-from)...)
	for j := range t.cols {
		t.cols[j].read(as[j], from, (*rows)[n:])
	}
}

func (t *table[T]) text(r *Record, i int) []string {
	row := &(*t.rows(r))[i]
	out := make([]string, len(t.cols))
	for j := range t.cols {
		out[j] = t.cols[j].text(row)
	}
	return out
}

// diff reports values that differ between two sorted records until say returns false.
// A row that is missing has column "" and is shown as "present" and "absent".
func (t *table[T]) diff(ra, rb *Record, say func(key, column, a, b string) bool) bool {
	a, b := *t.rows(ra), *t.rows(rb)
	for len(a) > 0 || len(b) > 0 {
		order := 0
		switch {
		case len(a) == 0:
			order = 1
		case len(b) == 0:
			order = -1
		default:
			order = t.compare(&a[0], &b[0])
		}
		switch {
		case order < 0:
			if !say(t.key(&a[0]), "", "present", "absent") {
				return false
			}
			a = a[1:]
		case order > 0:
			if !say(t.key(&b[0]), "", "absent", "present") {
				return false
			}
			b = b[1:]
		default:
			for j := t.keys; j < len(t.cols); j++ {
				c := &t.cols[j]
				if x, y := c.text(&a[0]), c.text(&b[0]); x != y && !say(t.key(&a[0]), c.name, x, y) {
					return false
				}
			}
			a, b = a[1:], b[1:]
		}
	}
	return true
}
