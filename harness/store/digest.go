package store

// The canonical form of a record, and its digest.

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// Digest is the SHA-256 (hex) of everything that the tables hold of a run. Two runs
// are equal if their digests are. An error says which row is no row of a table.
func Digest(r *Record) (string, error) {
	c, err := canonical(r)
	if err != nil {
		return "", err
	}
	return c.Digest, nil
}

// canonical is a copy of r as it is stored: clean, sorted and with its digest.
func canonical(r *Record) (*Record, error) {
	c := *r
	if err := checkID(c.ID); err != nil {
		return nil, err
	}
	if c.Status != Done && c.Status != Failed {
		return nil, fmt.Errorf("run %s: found status %q, wanted %q or %q", c.ID, c.Status, Done, Failed)
	}
	if (c.Status == Failed) != (c.Reason != "") {
		return nil, fmt.Errorf("run %s: found status %q with reason %q, wanted a reason for a failed run and for no other", c.ID, c.Status, c.Reason)
	}
	for i := range runCols {
		runCols[i].clean(&c.Run)
	}
	if err := specTable.sort(&c); err != nil {
		return nil, err
	}
	for _, f := range c.Spec {
		if f.Name == "" {
			return nil, fmt.Errorf("run %s: found a field of the specification without a name", c.ID)
		}
	}
	for _, t := range longTables {
		if err := t.sort(&c); err != nil {
			return nil, err
		}
	}
	c.Digest = digest(&c)
	return &c, nil
}

// digest of a record in canonical form.
func digest(r *Record) string {
	out := make([]byte, 0, 1<<14)
	out = append(out, "theriac/store/1\n"...)
	for i := range runCols {
		if runCols[i].name != "digest" {
			out = runCols[i].hash(out, &r.Run)
		}
	}
	out = specTable.hash(out, r)
	h := sha256.New()
	for _, t := range longTables {
		out = t.hash(out, r)
		h.Write(out)
		out = out[:0]
	}
	return hex.EncodeToString(h.Sum(nil))
}

// setDigest of runs is that of their digests in order of ID.
type setDigest struct{ h hash.Hash }

func newSetDigest() setDigest { return setDigest{sha256.New()} }

func (s setDigest) add(runDigest string) { fmt.Fprintln(s.h, runDigest) }

func (s setDigest) sum() string { return hex.EncodeToString(s.h.Sum(nil)) }

// checkID says whether an ID can name a file.
func checkID(id string) error {
	ok := len(id) > 0 && len(id) <= 100
	for i := 0; ok && i < len(id); i++ {
		c := id[i]
		alnum := c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		ok = alnum || i > 0 && strings.IndexByte("._=,+@-", c) >= 0
	}
	if !ok {
		return fmt.Errorf("found the run ID %.120q, wanted 1 to 100 letters, digits and ._=,+@- that begin with a letter or a digit", id)
	}
	return nil
}
