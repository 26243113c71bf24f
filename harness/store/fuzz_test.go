package store

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// Hostile bytes end in an error: no panic, no hang, no memory beyond what they explain.

func FuzzShard(f *testing.F) {
	for _, i := range []int{0, 5, 9} {
		c, err := canonical(record(i, 2, 2, 3))
		if err != nil {
			f.Fatal(err)
		}
		data, err := encodeShard(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeShard(data)
		if err != nil {
			if !errors.Is(err, errTorn) && !errors.Is(err, errVersion) {
				t.Errorf("got %v", err)
			}
			return
		}
		if d, err := Digest(r); err != nil || d != r.Digest {
			t.Errorf("run %s with digest %s was believed, wanted %s, %v", r.ID, r.Digest, d, err)
		}
	})
}

func FuzzOutputs(f *testing.F) {
	data, err := encodeOutputs([]Output{{"qa", "1", "text"}, {"qa", "2", "more text"}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) { decodeOutputs(data) })
}

// FuzzTables puts the bytes in the place of one table of a good set.
func FuzzTables(f *testing.F) {
	s := open(f, f.TempDir())
	for i := range 4 {
		put(f, s, record(i, 3, 3, 3))
	}
	compact(f, s)
	good := contents(f, s)
	for i, name := range Tables {
		f.Add(uint8(i), []byte(good[name+".parquet"]))
	}
	f.Fuzz(func(t *testing.T, i uint8, data []byte) {
		dir := t.TempDir()
		name := Tables[int(i)%len(Tables)] + ".parquet"
		for other, text := range good {
			if other == name {
				text = string(data)
			}
			if err := os.WriteFile(filepath.Join(dir, other), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		set, err := openSet(dir)
		if err != nil {
			return
		}
		defer set.close()
		if set.runs, err = set.readRuns(); err != nil {
			return
		}
		keep := func(*Run) bool { return true }
		next, err := set.rows(keep, []bool{true, true, true, true, true, true, true})
		for i := 0; err == nil && i < len(set.runs); i++ {
			_, err = next(set.runs[i], true)
		}
	})
}

func FuzzRows(f *testing.F) {
	files, _ := filepath.Glob(filepath.Join("testdata", "*.parquet"))
	if len(files) == 0 {
		f.Fatal("found no files in testdata")
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "a.parquet")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := OpenRows(path)
		if err != nil {
			return
		}
		defer r.Close()
		for range 10000 {
			names, values, err := r.Next()
			if err == io.EOF {
				return
			}
			if err != nil {
				break
			}
			if len(names) != len(values) {
				t.Fatalf("found %d names, %d values", len(names), len(values))
			}
		}
	})
}
