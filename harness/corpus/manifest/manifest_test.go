package manifest

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"theriac/harness/corpus"
	"theriac/harness/needs"
)

func rows(texts ...string) (out []corpus.Example) {
	for _, t := range texts {
		out = append(out, corpus.Example{Turns: []corpus.Turn{{Role: "user", Text: t}, {Role: "assistant", Text: "yes", Train: true}}})
	}
	return out
}

func ExampleManifest_Since() {
	m := Of(rows("a", "b", "b"))
	fmt.Println(m.Since(rows("b", "c", "b", "b")))
	// Output: [1 3] 1
}

func TestSince(t *testing.T) {
	for _, c := range []struct {
		then, now []string
		added     []int
		gone      int
	}{
		{nil, nil, nil, 0},
		{nil, []string{"a"}, []int{0}, 0},
		{[]string{"a"}, nil, nil, 1},
		{[]string{"a", "b"}, []string{"b", "a"}, nil, 0}, // order is not content
		{[]string{"a"}, []string{"a", "a"}, []int{1}, 0}, // nor is a copy nothing
		{[]string{"a", "a"}, []string{"a"}, nil, 1},
		{[]string{"a"}, []string{"a "}, []int{0}, 1},
	} {
		added, gone := Of(rows(c.then...)).Since(rows(c.now...))
		if !reflect.DeepEqual(added, c.added) || gone != c.gone {
			t.Errorf("%q then %q: %v and %d, want %v and %d", c.then, c.now, added, gone, c.added, c.gone)
		}
	}
}

// A row that trains what it did not is another row.
func TestTrainIsContent(t *testing.T) {
	was := rows("a")
	was[0].Turns[1].Train = false
	if added, gone := Of(was).Since(rows("a")); len(added) != 1 || gone != 1 {
		t.Errorf("%v new, %d gone; want the row to be both", added, gone)
	}
}

func TestOldFormat(t *testing.T) {
	if _, err := decode([]byte(`{"format":"theriac/manifest/1","rows":[]}`)); err == nil || !strings.Contains(err.Error(), "write it anew with theriac manifest") {
		t.Errorf("got %v", err)
	}
}

// keys as OpenSSL would write them.
func keys(t *testing.T, seed byte) (private, public string) {
	t.Helper()
	k := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune('a'+seed)), 32)))
	write := func(name, kind string, der []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	private = write("key.pem", "PRIVATE KEY", der, err)
	der, err = x509.MarshalPKIXPublicKey(k.Public())
	return private, write("key.pub", "PUBLIC KEY", der, err)
}

func TestSignature(t *testing.T) {
	private, public := keys(t, 0)
	_, other := keys(t, 1)
	key, err := PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	pub, err := PublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := PublicKey(other)
	if err != nil {
		t.Fatal(err)
	}
	m := Of(rows("a", "b"))
	if err := m.Verify(pub); err == nil || !strings.Contains(err.Error(), "not signed") {
		t.Errorf("unsigned: %v", err)
	}
	m.Sign(key)
	path := filepath.Join(t.TempDir(), "m.json")
	if err := m.Write(path); err != nil {
		t.Fatal(err)
	}
	if m, err = Read(path); err != nil {
		t.Fatal(err)
	}
	if err := m.Verify(pub); err != nil {
		t.Error(err)
	}
	if err := m.Verify(stranger); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("a stranger's: %v", err)
	}
	m.Rows[0].Count++
	if err := m.Verify(pub); err == nil || !strings.Contains(err.Error(), "changed after") {
		t.Errorf("changed: %v", err)
	}
	if _, err := PrivateKey(public); err == nil {
		t.Error("a public key was taken for a private one")
	}
	if _, err := PublicKey(private); err == nil {
		t.Error("a private key was taken for a public one")
	}
}

// What we signed, OpenSSL verifies, with keys that it made.
func TestOpenSSL(t *testing.T) {
	openssl := needs.Tool(t, "openssl")
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command(openssl, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
	}
	run("genpkey", "-algorithm", "ed25519", "-out", "key.pem")
	run("pkey", "-in", "key.pem", "-pubout", "-out", "key.pub")
	key, err := PrivateKey(filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	m := Of(rows("a", "b", "b"))
	m.Sign(key)
	pub, err := PublicKey(filepath.Join(dir, "key.pub"))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Verify(pub); err != nil {
		t.Fatal(err)
	}
	sig := ed25519.Sign(key, m.content())
	for name, b := range map[string][]byte{"content": m.content(), "sig": sig} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	run("pkeyutl", "-verify", "-pubin", "-inkey", "key.pub", "-rawin", "-in", "content", "-sigfile", "sig")
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"format":"theriac/manifest/2","rows":[{"sha256":"` + strings.Repeat("0f", 32) + `","count":2}]}`))
	f.Add([]byte(`{"format":"theriac/manifest/2","rows":null}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := decode(text)
		if err != nil {
			return
		}
		if _, gone := m.Since(nil); gone != m.Len() || gone < 0 {
			t.Errorf("%d gone of %d", gone, m.Len())
		}
		_ = m.Verify(make(ed25519.PublicKey, ed25519.PublicKeySize))
	})
}
