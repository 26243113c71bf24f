package store

// Results of several machines as one.

import (
	"context"
	"fmt"
	"iter"
)

// Merge adds to dst what the other stores hold. The bytes are those that one process
// would have written. Of a run that is stored twice the one that is done counts; two
// that are not equal are an error, and dst stays as it was.
func Merge(ctx context.Context, dst *Store, srcs ...*Store) error {
	if dst.shards == "" {
		return fmt.Errorf("%s: is open for reading only", dst.tables)
	}
	unlock, err := dst.lockTables()
	if err != nil {
		return err
	}
	defer unlock()
	return dst.compact(ctx, nil, srcs...)
}

// source is one of several stores that are read side by side.
type source struct {
	store  *Store
	next   func() (found, error, bool)
	head   found
	exists bool
}

type found struct {
	r      *Record
	shards []string
}

// found yields what scan finds, with or without the names of the shards.
func (s *Store) found(keep func(*Run) bool, names bool) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		err := s.scan(keep, Tables, func(r *Record, shards []string) error {
			if !names {
				shards = nil
			}
			if !yield(found{r, shards}, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && err != errStop {
			yield(found{}, err)
		}
	}
}

func (s *source) advance() (err error) {
	s.head, err, s.exists = s.next()
	return err
}

// scanAll is scan over s and other stores; only the shards of s are named.
func (s *Store) scanAll(keep func(*Run) bool, srcs []*Store, do func(*Record, []string) error) error {
	if len(srcs) == 0 {
		return s.scan(keep, Tables, do)
	}
	var all []*source
	for i, st := range append([]*Store{s}, srcs...) {
		src := &source{store: st}
		var stop func()
		src.next, stop = iter.Pull2(st.found(keep, i == 0))
		defer stop()
		if err := src.advance(); err != nil {
			return err
		}
		all = append(all, src)
	}
	for {
		var first *source
		for _, src := range all {
			if src.exists && (first == nil || src.head.r.ID < first.head.r.ID) {
				first = src
			}
		}
		if first == nil {
			return nil
		}
		run, best := first.head.r.ID, first
		var shards []string
		for _, src := range all {
			if !src.exists || src.head.r.ID != run {
				continue
			}
			shards = append(shards, src.head.shards...)
			a, b := best.head.r, src.head.r
			switch {
			case a.Digest == b.Digest || a.Status == Done && b.Status == Failed:
			case a.Status == Failed && b.Status == Done:
				best = src
			default:
				return fmt.Errorf("run %s is not the same in %s and %s: %s: other devices or versions of theriac, or one was changed: drop one of the two",
					run, best.store.tables, src.store.tables, appendDiff(nil, a, b, 1)[0])
			}
		}
		if err := do(best.head.r, shards); err != nil {
			return err
		}
		for _, src := range all {
			if src.exists && src.head.r.ID == run {
				if err := src.advance(); err != nil {
					return err
				}
			}
		}
	}
}
