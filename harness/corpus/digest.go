package corpus

// What a row is, as a digest: exactly (for its ID) and after folding case and
// white space (for splits, so that no near copy crosses one). Train flags are
// not content: the same conversation is the same row, whatever it trains.

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
)

// Digest is the SHA-256 of the canonical turns: for each turn the length of its
// role and its role, the length of its text and its text.
func Digest(turns []Turn) [32]byte {
	return digestTurns(turns, "theriac/example/1", func(s string) string { return s })
}

// FoldedDigest is Digest after folding: lower case, runs of white space one
// space, none at the ends. Rows with equal folded digests never stand in
// different splits or pools.
func FoldedDigest(turns []Turn) [32]byte {
	return digestTurns(turns, "theriac/folded/1", fold)
}

func digestTurns(turns []Turn, domain string, of func(string) string) [32]byte {
	buf := append(make([]byte, 0, 1024), domain...)
	for _, t := range turns {
		for _, s := range [2]string{t.Role, of(t.Text)} {
			buf = binary.AppendUvarint(buf, uint64(len(s)))
			buf = append(buf, s...)
		}
	}
	return sha256.Sum256(buf)
}

func fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = true
			continue
		}
		if space && b.Len() > 0 {
			b.WriteByte(' ')
		}
		space = false
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// IDs hands out example IDs: the digest's first 16 hex digits, "-" and how often
// that content was seen before. One IDs serves one collection of rows. The zero
// value is ready.
type IDs struct{ seen map[[8]byte]int }

// Next returns the ID of the next row with these turns.
func (ids *IDs) Next(turns []Turn) string {
	d := Digest(turns)
	k := [8]byte(d[:8])
	if ids.seen == nil {
		ids.seen = map[[8]byte]int{}
	}
	n := ids.seen[k]
	ids.seen[k] = n + 1
	return fmt.Sprintf("%s-%d", hex.EncodeToString(k[:]), n)
}

// AddedID is the ID of a row that was added to a collection, the ordinal-th that
// its maker added: its digest's first 16 hex digits, "+" and the ordinal. It
// never equals the ID of a row that was read.
func AddedID(turns []Turn, ordinal int) string {
	d := Digest(turns)
	return fmt.Sprintf("%s+%d", hex.EncodeToString(d[:8]), ordinal)
}
