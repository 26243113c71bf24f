package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"theriac/harness/defense"
	"theriac/harness/defense/data"
)

// Where every row is flagged there is no clean file, and that is said; a file that cannot be written hides no verdict.
func TestNothingClean(t *testing.T) {
	dir := t.TempDir()
	c := scanDataCmd{File: filepath.Join(dir, "rows.jsonl")}
	if err := os.WriteFile(c.File, []byte(`{"instruction":"a","output":"b"}`+"\n"+`{"instruction":"c","output":"d"}`+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	c.HTML, c.CleanOut = filepath.Join(dir, "nowhere", "page.html"), filepath.Join(dir, "clean.jsonl")
	r := &scanReport{File: c.File, Report: &data.Report{Ranked: []data.RowResult{{Row: 0, Index: 0, Flagged: true}, {Row: 1, Index: 1, Flagged: true}}}}
	err := verdictCode(defense.Flagged, c.files(r))
	for _, want := range []string{"the verdict stands", "there is no directory", "clean.jsonl: every row is flagged"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	r.Ranked[1].Flagged, c.HTML = false, ""
	var code exitCode
	if err := verdictCode(defense.Flagged, c.files(r)); !errors.As(err, &code) || code.code != exitFlagged {
		t.Error(err)
	}
	if text, err := os.ReadFile(c.CleanOut); err != nil || !strings.Contains(string(text), `"c"`) || strings.Contains(string(text), `"a"`) {
		t.Errorf("%q, %v", text, err)
	}
}

func TestRowLines(t *testing.T) {
	for _, x := range []struct {
		name, text string
		want       []int
	}{
		{"a.jsonl", "\n{}\n \t\r\n{}\n{}", []int{2, 4, 5}},
		{"bom.jsonl", "\xef\xbb\xbf{}\n\n{}\n", []int{1, 3}},
		{"a.json", "\n {}\n{}\n", []int{2, 3}},
		{"list.json", "[\n{},\n{}]", nil},
		{"a.csv", "a,b\r\n\r\n\"x\ny\",1\r\nz,2\r\n", []int{3, 5}},
		{"bom.csv", "\xef\xbb\xbf\"a\",b\nx,1\n", []int{2}},
		{"bad.csv", "a,b\nx\"y,1\nz,2\n", nil},
		{"empty.csv", "", nil},
		{"a.jsonl.gz", "x", nil},
	} {
		path := filepath.Join(t.TempDir(), x.name)
		if err := os.WriteFile(path, []byte(x.text), 0o666); err != nil {
			t.Fatal(err)
		}
		if got, err := rowLines(path); err != nil || !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, %v; want %v", x.name, got, err, x.want)
		}
	}
}
