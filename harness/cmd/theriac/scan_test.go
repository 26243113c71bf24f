package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"theriac/harness/defense"
	"theriac/harness/defense/data"
	"theriac/harness/defense/scan"
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

// A review names a finding by the ID that the scan prints; a line of none is counted.
func TestReview(t *testing.T) {
	r := &scanReport{File: "f", Report: &data.Report{Ranked: []data.RowResult{{Row: 1, Index: 1, ID: "b", Flagged: true, Text: "x"}}}}
	now := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	r.review([]acceptance{{"b", now}, {"2", now}, {"b", now.AddDate(0, 0, -9)}}, now)
	var out strings.Builder
	r.print(&out, 5)
	if text := out.String(); !strings.Contains(text, "row 2 (b)  score") || !strings.Contains(text, "1 findings accepted, 1 acceptances expired, 1 are of no finding") {
		t.Error(text)
	}
}

// Names in an adapter's directory do not move the terminal's cursor.
func TestHostileNames(t *testing.T) {
	name := "\r\x1b[2Kadapter: nothing found.py"
	r := &modelReport{Dir: "adapter", Base: "tiny", Why: name + ": code", Static: []scan.Finding{{Check: "files", File: name, Bad: true, Reason: "code\x1b[A"}}}
	var out strings.Builder
	r.print(&out, "")
	if text := out.String(); strings.ContainsAny(text, "\r\x1b") || !strings.Contains(text, "nothing found.py: code") {
		t.Errorf("%q", text)
	}
}
