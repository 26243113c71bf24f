package store

// Any Parquet file as rows of plain values: training data that others wrote. Rows are
// put together from repetition and definition levels as in the Dremel paper (Melnik et
// al. 2010, algorithm 3, as recursive descent), here rather than by arrow's own
// record reader for the reasons in page.go; that one also starts goroutines, in which the
// panics that damaged files provoke cannot be caught.

import (
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/schema"
)

// Rows reads a Parquet file row by row. It has the methods of corpus.Table.
type Rows struct {
	t      *tableFile
	names  []string
	values []any
	fields []*node
	leaves []*leaf
	group  int   // next row group
	left   int64 // rows left in the current one
	room   int   // bytes that the current row may still take
	err    error // what ended the reading
}

// OpenRows opens a Parquet file that anyone may have written.
func OpenRows(path string) (*Rows, error) {
	t, err := openTable(path)
	if err != nil {
		return nil, err
	}
	r := &Rows{t: t}
	if err := t.try(r.build); err != nil {
		t.f.Close()
		return nil, err
	}
	return r, nil
}

// Close closes the file.
func (r *Rows) Close() error { return r.t.f.Close() }

// Next returns the next row, and io.EOF after the last: the names of its columns and for
// each nil, a bool, an integer, a float, a string (also for dates, times and decimals),
// []byte, []any (lists) or map[string]any (structs, and maps whose keys are text). Both
// slices are reused by the next call. An error does not name
// the file; after one there are no more rows.
func (r *Rows) Next() (names []string, values []any, err error) {
	if r.err == nil {
		r.err = r.t.decode(r.read)
	}
	switch {
	case r.err == nil:
		return r.names, r.values, nil
	case r.err == errLast:
		return nil, nil, io.EOF
	case errors.Is(r.err, io.EOF):
		r.err = io.ErrUnexpectedEOF // within a page; not the end of the rows
	}
	return nil, nil, r.err
}

var errLast = errors.New("no more rows")

func (r *Rows) read() error {
	for r.left == 0 {
		for _, l := range r.leaves {
			if l.more() {
				return fmt.Errorf("column %s: found more values than rows", l.name)
			}
		}
		if r.group == r.t.r.NumRowGroups() {
			return errLast
		}
		for i, l := range r.leaves {
			c, err := r.t.column(r.group, i)
			if err != nil {
				return fmt.Errorf("column %s: %w", l.name, err)
			}
			l.open(c)
		}
		r.left = r.t.r.MetaData().RowGroup(r.group).NumRows()
		if r.group++; r.left < 0 {
			return fmt.Errorf("found %d rows", r.left)
		}
	}
	r.left--
	r.room = maxRow
	for i, f := range r.fields {
		r.values[i] = f.field()
	}
	for _, l := range r.leaves {
		if l.more() && l.rep() != 0 {
			return fmt.Errorf("column %s: found values that belong to no list", l.name)
		}
	}
	return nil
}

// node is a field of the file's schema.
type node struct {
	name     string
	kind     kind
	repeated bool
	def, rep int16 // levels at which an instance of it is there, and repeats
	children []*node
	leaves   []*leaf // all below it, the first of which tells what is there
}

type kind int

const (
	leafKind   kind = iota
	structKind      // group of fields
	listKind        // group around a repeated group around the element
	bareList        // group around the repeated element itself, as old writers have it
	mapKind         // group around repeated pairs of a text key and a value
)

const maxDepth = 100

// build makes the tree of nodes.
func (r *Rows) build() error {
	root := r.t.r.MetaData().Schema.Root()
	seen := map[string]bool{}
	for i := range root.NumFields() {
		n, err := r.node(root.Field(i), 0, 0, 0)
		if err != nil {
			return err
		}
		if seen[n.name] {
			return fmt.Errorf("found the column %q twice", n.name)
		}
		seen[n.name] = true
		r.fields, r.names = append(r.fields, n), append(r.names, n.name)
	}
	if len(r.fields) == 0 {
		return fmt.Errorf("found no columns")
	}
	r.values = make([]any, len(r.fields))
	return nil
}

func (r *Rows) node(s schema.Node, def, rep int16, depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("found fields nested deeper than %d", maxDepth)
	}
	n := &node{name: s.Name(), def: def, rep: rep}
	switch s.RepetitionType() {
	case parquet.Repetitions.Optional:
		n.def++
	case parquet.Repetitions.Repeated:
		n.def++
		n.rep++
		n.repeated = true
	}
	group, ok := s.(*schema.GroupNode)
	if !ok {
		l, err := newLeaf(r.t.r.MetaData().Schema, len(r.leaves))
		if err != nil {
			return nil, err
		}
		if l.def != n.def || l.rep0 != n.rep {
			return nil, fmt.Errorf("column %s: found levels that its schema does not have", l.name)
		}
		l.room = &r.room
		r.leaves = append(r.leaves, l)
		n.leaves = r.leaves[len(r.leaves)-1:]
		return n, nil
	}
	from := len(r.leaves)
	for i := range group.NumFields() {
		c, err := r.node(group.Field(i), n.def, n.rep, depth+1)
		if err != nil {
			return nil, err
		}
		n.children = append(n.children, c)
	}
	n.leaves = r.leaves[from:]
	if len(n.leaves) == 0 {
		return nil, fmt.Errorf("column %s: found a struct without fields", n.name)
	}
	n.kind = groupKind(group, n)
	return n, nil
}

// groupKind follows the rules for LIST and MAP of the format's LogicalTypes.md.
func groupKind(g *schema.GroupNode, n *node) kind {
	if len(n.children) != 1 || !n.children[0].repeated {
		return structKind
	}
	inner := n.children[0]
	isList := g.ConvertedType() == schema.ConvertedTypes.List
	isMap := g.ConvertedType() == schema.ConvertedTypes.Map || g.ConvertedType() == schema.ConvertedTypes.MapKeyValue
	switch g.LogicalType().(type) {
	case schema.ListLogicalType:
		isList = true
	case schema.MapLogicalType:
		isMap = true
	}
	switch {
	case isMap && len(inner.children) == 2 && inner.children[0].kind == leafKind && inner.children[0].leaves[0].text:
		return mapKind
	case isMap:
		return bareList
	case isList && (len(inner.children) != 1 || inner.children[0].repeated || inner.name == "array" || inner.name == n.name+"_tuple"):
		return bareList
	case isList:
		return listKind
	}
	return structKind
}

// field reads all instances of n that its parent has: a list if n is repeated.
func (n *node) field() any {
	if !n.repeated {
		return n.one()
	}
	list := []any{}
	n.each(func() { list = append(list, n.one()) })
	return list
}

// each calls read for each instance of the repeated n.
func (n *node) each(read func()) {
	first := n.leaves[0]
	if first.def0() < n.def {
		n.skip()
		return
	}
	read()
	for first.more() && first.rep() >= n.rep {
		read()
	}
}

// one reads one instance of n.
func (n *node) one() any {
	if n.leaves[0].def0() < n.def {
		n.skip()
		return nil
	}
	switch n.kind {
	case leafKind:
		return n.leaves[0].take()
	case listKind:
		list := []any{}
		n.children[0].each(func() { list = append(list, n.children[0].children[0].field()) })
		return list
	case bareList:
		return n.children[0].field()
	case mapKind:
		m := map[string]any{}
		pair := n.children[0]
		pair.each(func() {
			key, _ := pair.children[0].field().(string)
			m[key] = pair.children[1].field()
		})
		return m
	}
	m := make(map[string]any, len(n.children))
	for _, c := range n.children {
		m[c.name] = c.field()
	}
	return m
}

// skip passes over what stands in each column for an instance that is not there.
func (n *node) skip() {
	for _, l := range n.leaves {
		l.take()
	}
}
