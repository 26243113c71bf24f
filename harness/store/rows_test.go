package store_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"theriac/harness/corpus"
	"theriac/harness/store"
)

// readRows reads a file as JSON values.
func readRows(t *testing.T, path string) []any {
	t.Helper()
	r, err := store.OpenRows(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out []any
	for {
		names, values, err := r.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		row := map[string]any{}
		for i, name := range names {
			row[name] = plain(values[i])
		}
		out = append(out, row)
	}
}

// plain is a value as JSON has it.
func plain(v any) any {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	case int32, int64, uint32, uint64:
		return json.Number(fmt.Sprint(v))
	case float32:
		return float(float64(v))
	case float64:
		return float(v)
	}
	return v
}

func float(v float64) json.Number {
	if v == math.Trunc(v) {
		return json.Number(fmt.Sprintf("%.1f", v))
	}
	return json.Number(fmt.Sprint(v))
}

func oracle(t *testing.T, name string) (rows []any) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.UseNumber()
	if err := d.Decode(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// Every type, nested or not, in all that pyarrow can compress with (testdata/rows.py).
func TestOpenRows(t *testing.T) {
	want := oracle(t, "rows.json")
	files, _ := filepath.Glob(filepath.Join("testdata", "rows-*.parquet"))
	if len(files) != 5 {
		t.Fatalf("found %d files, wanted 5", len(files))
	}
	for _, path := range files {
		if d := cmp.Diff(want, readRows(t, path)); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
}

// Every encoding of values.
func TestEncodings(t *testing.T) {
	want, got := oracle(t, "encodings.json"), readRows(t, filepath.Join("testdata", "encodings.parquet"))
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestCorpusReadsParquet(t *testing.T) {
	corpus.OpenParquet = func(path string) (corpus.Table, error) { return store.OpenRows(path) }
	defer func() { corpus.OpenParquet = nil }()
	set, err := corpus.Load(filepath.Join("testdata", "chat.parquet"), corpus.Options{})
	if err != nil || len(set.Examples) != 3 {
		t.Fatalf("got %+v, %v", set, err)
	}
	for i, e := range set.Examples {
		if len(e.Turns) != 2 || e.Turns[0].Text != fmt.Sprint(i, "?") || e.Turns[1].Text != fmt.Sprint(i, "!") {
			t.Errorf("got %+v", e)
		}
	}
}
