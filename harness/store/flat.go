package store

// Tables of plain columns, read in batches straight from the column chunks. pqarrow would
// do it, but believes a schema that the file brings along and starts goroutines whose
// panics cannot be caught; see also page.go.

import (
	"fmt"
	"math"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// flatFields are the columns of a file that has no nested ones.
func flatFields(s *schema.Schema) ([]arrow.Field, error) {
	root := s.Root()
	if root.NumFields() != s.NumColumns() {
		return nil, fmt.Errorf("found nested columns, wanted plain ones")
	}
	out := make([]arrow.Field, root.NumFields())
	for i := range out {
		n, ok := root.Field(i).(*schema.PrimitiveNode)
		if !ok || n.RepetitionType() == parquet.Repetitions.Repeated {
			return nil, fmt.Errorf("found the nested column %q, wanted plain ones", root.Field(i).Name())
		}
		f := arrow.Field{Name: n.Name(), Nullable: n.RepetitionType() == parquet.Repetitions.Optional}
		_, text := n.LogicalType().(schema.StringLogicalType)
		_, other := n.LogicalType().(*schema.IntLogicalType)
		switch t := n.PhysicalType(); {
		case t == parquet.Types.ByteArray && text:
			f.Type = arrow.BinaryTypes.String
		case t == parquet.Types.Boolean:
			f.Type = arrow.FixedWidthTypes.Boolean
		case t == parquet.Types.Int32 && (other || n.LogicalType().IsNone()):
			f.Type = arrow.PrimitiveTypes.Int32
		case t == parquet.Types.Int64 && (other || n.LogicalType().IsNone()):
			f.Type = arrow.PrimitiveTypes.Int64
		case t == parquet.Types.Float:
			f.Type = arrow.PrimitiveTypes.Float32
		case t == parquet.Types.Double:
			f.Type = arrow.PrimitiveTypes.Float64
		default:
			return nil, fmt.Errorf("found the column %q of type %v, wanted text, numbers or booleans", n.Name(), t)
		}
		out[i] = f
	}
	return out, nil
}

// batches reads row groups, some rows at a time.
type batches struct {
	file *tableFile
	cols []*flatColumn
}

// batches of the row groups. check sees the columns before anything is read.
func (t *tableFile) batches(groups []int, check func([]arrow.Field) error) (b *batches, err error) {
	b = &batches{file: t}
	err = t.try(func() error {
		fields, err := flatFields(t.r.MetaData().Schema)
		if err != nil {
			return err
		}
		if err := check(fields); err != nil {
			return err
		}
		for i, f := range fields {
			b.cols = append(b.cols, newFlatColumn(t, i, f, groups))
		}
		return nil
	})
	return b, err
}

// next returns the columns of the next rows, or nil after the last.
func (b *batches) next() (cols []arrow.Array, err error) {
	err = b.file.try(func() error {
		for _, c := range b.cols {
			a, err := c.next(batchRows)
			if err != nil {
				return fmt.Errorf("column %q: %w", c.name, err)
			}
			if cols = append(cols, a); a.Len() != cols[0].Len() {
				return fmt.Errorf("column %q: found %d values for %d rows", c.name, a.Len(), cols[0].Len())
			}
		}
		return nil
	})
	if err != nil || len(cols) == 0 || cols[0].Len() == 0 {
		return nil, err
	}
	return cols, nil
}

// flatColumn reads one column.
type flatColumn struct {
	name   string
	file   *tableFile
	index  int
	groups []int // still to be read
	chunk  *column
	defs   []int16
	words  []uint64
	texts  [][]byte
	build  array.Builder
}

func newFlatColumn(t *tableFile, index int, f arrow.Field, groups []int) *flatColumn {
	c := &flatColumn{name: f.Name, file: t, index: index, groups: groups, build: array.NewBuilder(memory.DefaultAllocator, f.Type)}
	c.defs, c.words, c.texts = make([]int16, batchRows), make([]uint64, batchRows), make([][]byte, batchRows)
	return c
}

// next returns up to n <= batchRows values.
func (c *flatColumn) next(n int) (arrow.Array, error) {
	c.build.Reserve(n)
	room := maxRow
	for c.build.Len() < n {
		if c.chunk == nil {
			if len(c.groups) == 0 {
				break
			}
			var err error
			if c.chunk, err = c.file.column(c.groups[0], c.index); err != nil {
				return nil, err
			}
			c.groups = c.groups[1:]
		}
		levels, values, err := c.chunk.batch(c.defs[:n-c.build.Len()], nil)
		if err != nil {
			return nil, err
		}
		if levels == 0 {
			c.chunk = nil
			continue
		}
		if values > 0 {
			if err := c.chunk.read(c.words[:values], c.texts[:values]); err != nil {
				return nil, err
			}
			for _, v := range c.texts[:values] {
				if room -= len(v); room < 0 {
					return nil, fmt.Errorf("found more than %d bytes in %d rows", maxRow, n)
				}
			}
		}
		defs := c.defs[:levels]
		if values == levels {
			defs = nil
		}
		c.add(defs, values)
		clear(c.texts[:values]) // numbers have none
	}
	return c.build.NewArray(), nil
}

// add appends the values read; defs says which are null, nil that none is.
func (c *flatColumn) add(defs []int16, values int) {
	words, texts := c.words[:values], c.texts[:values]
	switch b := c.build.(type) {
	case *array.StringBuilder:
		spread(b, defs, texts, b.BinaryBuilder.Append)
	case *array.BooleanBuilder:
		spread(b, defs, words, func(w uint64) { b.Append(w != 0) })
	case *array.Int32Builder:
		spread(b, defs, words, func(w uint64) { b.UnsafeAppend(int32(w)) })
	case *array.Int64Builder:
		spread(b, defs, words, func(w uint64) { b.UnsafeAppend(int64(w)) })
	case *array.Float32Builder:
		spread(b, defs, words, func(w uint64) { b.UnsafeAppend(math.Float32frombits(uint32(w))) })
	case *array.Float64Builder:
		spread(b, defs, words, func(w uint64) { b.UnsafeAppend(math.Float64frombits(w)) })
	}
}

func spread[V any](b array.Builder, defs []int16, values []V, add func(V)) {
	if defs == nil {
		for _, v := range values {
			add(v)
		}
		return
	}
	for _, d := range defs {
		if d == 0 {
			b.AppendNull()
			continue
		}
		add(values[0])
		values = values[1:]
	}
}
