package store

// What differs between two runs, or between two sets of runs.

import (
	"fmt"
	"iter"
)

// Difference is one value that is not the same in A and B. Without a column the whole
// row is "present" in one and "absent" in the other.
type Difference struct {
	Run    string // the run, or A's
	Table  string
	Key    string // the row within the run; empty for the run's own columns
	Column string
	A, B   string
}

func (d Difference) String() string {
	where := d.Run + ": " + d.Table
	for _, part := range []string{d.Key, d.Column} {
		if part != "" {
			where += " " + part
		}
	}
	return fmt.Sprintf("%s: %s | %s", where, d.A, d.B)
}

// Diff says what differs between two runs, whatever their IDs; limit bounds the answer
// (0: no bound).
func Diff(a, b *Record, limit int) ([]Difference, error) {
	ca, err := canonical(a)
	if err != nil {
		return nil, err
	}
	cb, err := canonical(b)
	if err != nil {
		return nil, err
	}
	return appendDiff(nil, ca, cb, limit), nil
}

// appendDiff compares records in canonical form.
func appendDiff(out []Difference, a, b *Record, limit int) []Difference {
	full := func() bool { return limit > 0 && len(out) >= limit }
	for i := range runCols {
		c := &runCols[i]
		if c.name == "run" || c.name == "digest" {
			continue
		}
		if x, y := c.text(&a.Run), c.text(&b.Run); x != y && !full() {
			out = append(out, Difference{a.ID, Tables[0], "", c.name, x, y})
		}
	}
	for _, t := range nested {
		t.diff(a, b, func(key, column, x, y string) bool {
			if full() {
				return false
			}
			out = append(out, Difference{a.ID, t.title(), key, column, x, y})
			return true
		})
	}
	return out
}

// DiffSets says what differs between two sets of runs, run by run; limit bounds the
// answer (0: no bound).
func DiffSets(a, b *Store, limit int) ([]Difference, error) {
	ra, err := a.Runs(nil)
	if err != nil {
		return nil, err
	}
	rb, err := b.Runs(nil)
	if err != nil {
		return nil, err
	}
	digests := make(map[string]string, len(rb))
	for i := range rb {
		digests[rb[i].ID] = rb[i].Digest
	}
	var out []Difference
	full := func() bool { return limit > 0 && len(out) >= limit }
	changed := map[string]bool{}
	for i := range ra {
		d, ok := digests[ra[i].ID]
		if !ok && !full() {
			out = append(out, Difference{Run: ra[i].ID, Table: Tables[0], A: "present", B: "absent"})
		}
		changed[ra[i].ID] = ok && d != ra[i].Digest
		delete(digests, ra[i].ID)
	}
	for i := range rb {
		if _, ok := digests[rb[i].ID]; ok && !full() {
			out = append(out, Difference{Run: rb[i].ID, Table: Tables[0], A: "absent", B: "present"})
		}
	}
	keep := func(r *Run) bool { return changed[r.ID] }
	nextA, stopA := iter.Pull2(a.Scan(keep, Tables...))
	defer stopA()
	nextB, stopB := iter.Pull2(b.Scan(keep, Tables...))
	defer stopB()
	for !full() {
		x, err, ok := nextA()
		if err != nil || !ok {
			return out, err
		}
		y, err, ok := nextB()
		if err != nil || !ok {
			return out, err
		}
		if x.ID != y.ID {
			return nil, fmt.Errorf("%s, %s: runs came or went while they were compared: try again", a.tables, b.tables)
		}
		out = appendDiff(out, x, y, limit)
	}
	return out, nil
}
