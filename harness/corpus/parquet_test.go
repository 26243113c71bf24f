package corpus

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rowsTable is a table in memory.
type rowsTable struct {
	names []string
	rows  [][]any
	close func()
}

func (r *rowsTable) Next() ([]string, []any, error) {
	if len(r.rows) == 0 {
		return nil, nil, io.EOF
	}
	row := r.rows[0]
	r.rows = r.rows[1:]
	if err, ok := row[0].(error); ok {
		return nil, nil, err
	}
	return r.names, row, nil
}

func (r *rowsTable) Close() error { r.close(); return nil }

func TestParquet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.parquet")
	if err := os.WriteFile(path, []byte("PAR1"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, Options{}); err == nil || !strings.Contains(err.Error(), "reads no parquet") {
		t.Errorf("got %v", err)
	}
	defer func() { OpenParquet = nil }()
	closed := 0
	load := func(opt Options, names []string, rows ...[]any) (*Set, error) {
		OpenParquet = func(string) (Table, error) { return &rowsTable{names, rows, func() { closed++ }}, nil }
		return Load(path, opt)
	}
	say := func(role, text string) any { return map[string]any{"role": role, "content": text} }

	set, err := load(Options{}, []string{"instruction", "input", "output", "n", "x"},
		[]any{"Q", nil, "A", int32(3), 0.1}, []any{"Q", "I", []byte("é"), int64(math.MinInt64), float32(2)})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`u="Q" a*="A" n:3 x:0.1`, `u="Q\nI" a*="é" n:-9223372036854775808 x:2.0`} {
		if got := show(&set.Examples[i]); got != want {
			t.Errorf("row %d: got %s, want %s", i, got, want)
		}
	}
	set, err = load(Options{}, []string{"messages", "ok"}, []any{[]any{say("user", "1"), say("assistant", "2\n")}, true})
	if err != nil || show(&set.Examples[0]) != `u="1" a*="2\n" ok:true` {
		t.Errorf("got %+v, %v", set, err)
	}
	set, err = load(Options{SkipBad: true}, []string{"prompt", "completion", "x"},
		[]any{"a\xff", "b", 1}, []any{"a", "b", math.NaN()}, []any{"a", "b", struct{}{}}, []any{"a", nil, nil}, []any{"c", "d", nil})
	if err != nil || len(set.Examples) != 1 || set.Examples[0].Source.Row != 4 || set.Skipped.Count != 4 {
		t.Fatalf("got %+v, %v", set, err)
	}
	for i, want := range []string{`:1: "prompt": found byte 0xff`, `:2: "x": found the number NaN`, `:3: "x": found a value of type struct {}`, `:4: "completion": found null`} {
		if got := set.Skipped.Rows[i].Error(); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	broken := errors.New("page is corrupt")
	if _, err := load(Options{SkipBad: true}, []string{"prompt"}, []any{broken}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := Rewrite(path, path, Options{}, keep); err == nil || !strings.Contains(err.Error(), "convert the file first") {
		t.Errorf("got %v", err)
	}
	if closed != 5 {
		t.Errorf("%d tables were closed, want 5", closed)
	}
}
