package corpus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCatalogueIsWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Catalogue() {
		if seen[d.Name] {
			t.Errorf("%s stands twice", d.Name)
		}
		seen[d.Name] = true
		u, err := url.Parse(d.URL)
		if err != nil || u.Scheme != "https" || !strings.HasSuffix(d.Name, filepath.Base(u.Path)) {
			t.Errorf("%s: address %q", d.Name, d.URL)
		}
		if b, err := hex.DecodeString(d.SHA256); err != nil || len(b) != 32 || d.Bytes <= 0 || d.Licence == "" || d.About == "" {
			t.Errorf("%s: incomplete: %+v", d.Name, d)
		}
		if d.Shape != "" {
			if _, err := ParseShape(string(d.Shape)); err != nil || d.Layout.Text != "" {
				t.Errorf("%s: %v", d.Name, err)
			}
		}
		if got, err := Lookup(d.Name); err != nil || got.SHA256 != d.SHA256 {
			t.Errorf("%s: lookup: %v", d.Name, err)
		}
	}
	if d, err := Lookup("dolly-3k"); err != nil || d.Name != "dolly-3k/dolly_3k.json" {
		t.Errorf("got %s, %v", d.Name, err)
	}
	for name, want := range map[string]string{"trec": "found 2 files, wanted one of trec/TREC_10.label, trec/train_5500.label", "imagenet": "not in the catalogue"} {
		if _, err := Lookup(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}

// loopback serves text and returns the data set that names it.
func loopback(t *testing.T, text string) (Dataset, string, *int) {
	served := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served++
		switch r.URL.Path {
		case "/gone":
			http.NotFound(w, r)
		case "/short":
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, text[:3])
		default:
			io.WriteString(w, text)
		}
	}))
	t.Cleanup(server.Close)
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	return Dataset{Name: "set/dir/a.jsonl", Licence: "MIT", SHA256: sum, Bytes: int64(len(text))}, server.URL, &served
}

func TestFetch(t *testing.T) {
	const text = "{\"prompt\": \"a\", \"completion\": \"b\"}\n"
	d, server, served := loopback(t, text)
	dir, ctx := t.TempDir(), context.Background()
	var log strings.Builder
	path, err := d.fetch(ctx, server+"/a", dir, &log)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if string(got) != text || path != filepath.Join(dir, "set", "dir", "a.jsonl") {
		t.Errorf("got %q at %s, %v", got, path, err)
	}
	if !strings.Contains(log.String(), "licence: MIT") {
		t.Errorf("the licence was not printed: %s", log.String())
	}
	if _, err := d.fetch(ctx, server+"/a", dir, &log); err != nil || *served != 1 {
		t.Errorf("a file that is there was fetched again (%d times), %v", *served, err)
	}
	// Whatever fails leaves what was there.
	os.WriteFile(path, []byte("mine"), 0o644)
	wrong := d
	wrong.SHA256 = strings.Repeat("0", 64)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	for name, try := range map[string]func() (string, error){
		"wanted 200":           func() (string, error) { return d.fetch(ctx, server+"/gone", dir, io.Discard) },
		"broke off after 3":    func() (string, error) { return d.fetch(ctx, server+"/short", dir, io.Discard) },
		"with sha256":          func() (string, error) { return wrong.fetch(ctx, server+"/a", dir, io.Discard) },
		"put the file at":      func() (string, error) { return d.fetch(cancelled, server+"/a", dir, io.Discard) },
		"not in the catalogue": func() (string, error) { return Fetch(ctx, "none", dir, io.Discard) },
	} {
		if _, err := try(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left %v", left)
	}
	if got, _ := os.ReadFile(path); string(got) != "mine" {
		t.Errorf("a failed download replaced the file by %q", got)
	}
}

func TestLocate(t *testing.T) {
	dir := t.TempDir()
	if _, err := Locate("", "dolly-3k"); err == nil || !strings.Contains(err.Error(), "THERIAC_DATA") {
		t.Errorf("got %v", err)
	}
	if _, err := Locate(dir, "dolly-3k"); err == nil || !strings.Contains(err.Error(), "theriac pull data:dolly-3k/dolly_3k.json, or put https://") {
		t.Errorf("got %v", err)
	}
	os.WriteFile(filepath.Join(dir, "dolly_3k.json"), []byte("[]"), 0o644)
	if at, err := Locate(dir, "dolly-3k"); err == nil {
		t.Errorf("another file of the same name was taken: %s", at)
	}
	os.Mkdir(filepath.Join(dir, "dolly-3k"), 0o755)
	os.WriteFile(filepath.Join(dir, "dolly-3k", "dolly_3k.json"), []byte("[]"), 0o644)
	if _, err := Locate(dir, "dolly-3k"); err == nil || !strings.Contains(err.Error(), "found 2 bytes with sha256 4f53cda18c2baa0c") {
		t.Errorf("got %v", err)
	}
}
