package manifest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"theriac/harness/corpus"
)

// Manifest is the rows of a data set, and who vouches for them.
type Manifest struct {
	Format    string `json:"format"` // Format
	Rows      []Row  `json:"rows"`   // by digest, each once
	PublicKey string `json:"public_key,omitempty"`
	Signature string `json:"signature,omitempty"` // hex, of what content gives
}

// Row is one content and how often it occurs.
type Row struct {
	SHA256 string `json:"sha256"`
	Count  int    `json:"count"`
}

// Format is the only one that is read. In the first, a row did not say which of its turns train.
const Format = "theriac/manifest/2"

// Of lists rows.
func Of(rows []corpus.Example) *Manifest {
	counts := map[string]int{}
	for i := range rows {
		counts[digest(&rows[i])]++
	}
	m := &Manifest{Format: Format, Rows: make([]Row, 0, len(counts))}
	for d, n := range counts {
		m.Rows = append(m.Rows, Row{d, n})
	}
	slices.SortFunc(m.Rows, func(a, b Row) int { return strings.Compare(a.SHA256, b.SHA256) })
	return m
}

// digest is a row's content and which of its turns train.
func digest(e *corpus.Example) string {
	content := corpus.Digest(e.Turns)
	b := content[:]
	for _, t := range e.Turns {
		b = fmt.Appendf(b, " %t", t.Train)
	}
	d := sha256.Sum256(b)
	return hex.EncodeToString(d[:])
}

// Len is the number of rows.
func (m *Manifest) Len() (n int) {
	for _, r := range m.Rows {
		n += r.Count
	}
	return n
}

// content is what is signed: the format, and a line a row.
func (m *Manifest) content() []byte {
	b := []byte(m.Format + "\n")
	for _, r := range m.Rows {
		b = fmt.Appendf(b, "%s %d\n", r.SHA256, r.Count)
	}
	return b
}

// Sign signs the rows.
func (m *Manifest) Sign(key ed25519.PrivateKey) {
	m.PublicKey = hex.EncodeToString(key.Public().(ed25519.PublicKey))
	m.Signature = hex.EncodeToString(ed25519.Sign(key, m.content()))
}

// Verify is nil if trusted signed these rows.
func (m *Manifest) Verify(trusted ed25519.PublicKey) error {
	sig, err := hex.DecodeString(m.Signature)
	switch {
	case m.Signature == "":
		return errors.New("the manifest is not signed; make it with --key, or leave --trust out")
	case m.PublicKey != hex.EncodeToString(trusted):
		return fmt.Errorf("the manifest was signed with another key (%.16s...) than the trusted one", m.PublicKey)
	case err != nil || !ed25519.Verify(trusted, m.content(), sig):
		return errors.New("the manifest's signature does not fit its rows: it was changed after it was signed")
	}
	return nil
}

// Since says which rows the manifest lacks, by index and ascending, and how many of its own are not among them. Of a content that occurs
// more often than in the manifest the last ones are new.
func (m *Manifest) Since(rows []corpus.Example) (added []int, gone int) {
	left := make(map[string]int, len(m.Rows))
	for _, r := range m.Rows {
		left[r.SHA256] = r.Count
	}
	gone = m.Len()
	for i := range rows {
		if d := digest(&rows[i]); left[d] > 0 {
			left[d]--
			gone--
		} else {
			added = append(added, i)
		}
	}
	return added, gone
}

// Write writes the file whole or not at all.
func (m *Manifest) Write(path string) error {
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	return renameio.WriteFile(path, append(text, '\n'), 0o644)
}

// Read reads a manifest; it does not verify it.
func Read(path string) (*Manifest, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := decode(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// mostRows bounds a count, so that sums of them stay numbers.
const mostRows = 1 << 40

func decode(text []byte) (*Manifest, error) {
	m := &Manifest{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("not a manifest: %w", err)
	}
	if m.Format != Format {
		return nil, fmt.Errorf("format %q: want %s: accept the rows again and write it anew with theriac manifest", m.Format, Format)
	}
	for i, r := range m.Rows {
		b, err := hex.DecodeString(r.SHA256)
		if err != nil || len(b) != 32 || r.SHA256 != strings.ToLower(r.SHA256) || r.Count < 1 || r.Count > mostRows || i > 0 && m.Rows[i-1].SHA256 >= r.SHA256 {
			return nil, fmt.Errorf("row %d of the manifest: want SHA-256 digests in order, each with a count", i+1)
		}
	}
	return m, nil
}

// PrivateKey reads an Ed25519 key in PKCS #8 PEM.
func PrivateKey(path string) (ed25519.PrivateKey, error) {
	key, err := readPEM(path, x509.ParsePKCS8PrivateKey)
	if k, ok := key.(ed25519.PrivateKey); ok {
		return k, nil
	}
	return nil, badKey(path, "a private", "openssl genpkey -algorithm ed25519", err)
}

// PublicKey reads an Ed25519 key in PKIX PEM.
func PublicKey(path string) (ed25519.PublicKey, error) {
	key, err := readPEM(path, x509.ParsePKIXPublicKey)
	if k, ok := key.(ed25519.PublicKey); ok {
		return k, nil
	}
	return nil, badKey(path, "a public", "openssl pkey -pubout", err)
}

func readPEM(path string, parse func([]byte) (any, error)) (any, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	return parse(block.Bytes)
}

func badKey(path, what, how string, err error) error {
	if err == nil {
		err = errors.New("another kind of key")
	}
	return fmt.Errorf("%s: not %s Ed25519 key (%w); %s makes one", path, what, err, how)
}
