package store

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The bytes of the tables, which results/ holds in version control. They change only with
// the schema or a library that writes them; then every committed table is to be written anew.
func TestGolden(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range 60 {
		put(t, s, record(i, 1500, 40, 12))
	}
	compact(t, s)
	h := sha256.New()
	got := contents(t, s)
	for _, name := range Tables {
		fmt.Fprintf(h, "%s %x\n", name, sha256.Sum256([]byte(got[name+".parquet"])))
	}
	const want = "c34cae43a5048eb08445216856c89a510ff484fd0f5429142a3d1025d9607012"
	if sum := fmt.Sprintf("%x", h.Sum(nil)); sum != want {
		t.Errorf("found tables with digest %s, wanted %s", sum, want)
	}
}

// Tables and shards of another version are refused in one line that says what to do.
func TestOtherVersion(t *testing.T) {
	s := open(t, t.TempDir())
	put(t, s, record(1, 2, 2, 2))
	compact(t, s)
	good := contents(t, s)
	// The version is a metadata value of one digit.
	for name, data := range good {
		i := strings.LastIndex(data, schemaKey)
		at := strings.Index(data[i:], SchemaVersion) + i
		old := data[:at] + "0" + data[at+1:]
		if err := os.WriteFile(filepath.Join(s.tables, name), []byte(old), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(s.tables, "")
	if err != nil {
		t.Fatal(err)
	}
	alone := &Store{tables: s.tables}
	if _, err := alone.Runs(nil); !contains(err, `runs.parquet: other schema version: found "0", this program reads "1": use the theriac that wrote it`) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}

	fresh := open(t, t.TempDir())
	put(t, fresh, record(1, 2, 2, 2))
	names, _ := fresh.list()
	data, err := os.ReadFile(filepath.Join(fresh.shards, names[0]))
	if err != nil {
		t.Fatal(err)
	}
	old := []byte(strings.ReplaceAll(string(data), schemaKey, "theriac.schemA"))
	if name := shardName(record(1, 0, 0, 0).ID, old); os.WriteFile(filepath.Join(fresh.shards, name), old, 0o644) != nil {
		t.Fatal("cannot write")
	}
	os.Remove(filepath.Join(fresh.shards, names[0]))
	if done, err := open(t, filepath.Dir(filepath.Dir(fresh.tables))).Done(); err != nil || len(done) != 0 {
		t.Errorf("a file that theriac did not write counts as %v, %v", done, err)
	}
	at := strings.Index(string(data), schemaKey)
	at += strings.LastIndex(string(data[:at]), "\x01\x00\x00\x00"+SchemaVersion) - at + 4 // the value stands before its key
	old = append([]byte(nil), data...)
	old[at] = '0'
	if name := shardName(record(1, 0, 0, 0).ID, old); os.WriteFile(filepath.Join(fresh.shards, name), old, 0o644) != nil {
		t.Fatal("cannot write")
	}
	if _, err := fresh.Done(); !contains(err, "other schema version: this program reads only version 1: use the theriac that wrote it") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}
