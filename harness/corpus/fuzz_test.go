package corpus

import (
	"bytes"
	stdcsv "encoding/csv"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// seeds adds the files of the identity test.
func seeds(f *testing.F, end string) {
	for _, c := range identities {
		if c.name == "a"+end {
			f.Add([]byte(c.text))
		}
	}
}

// fuzzRead reads to the end, skipping bad rows; n counts good rows, ok says that
// there were no bad ones and no error.
func fuzzRead(t *testing.T, format Format, data []byte) (n int, ok bool) {
	r, err := NewReader(bytes.NewReader(data), "x", Options{Format: format, SkipBad: true, MaxRow: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	for ex, err := range r.All() {
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("the error has two lines: %v", err)
			}
			return n, false
		}
		n++
		if len(ex.Turns) == 0 || UserText(ex.Instruction(), ex.Input()) != ex.Prompt() || !strings.Contains(ex.ID, "-") {
			t.Fatalf("bad example %+v", ex)
		}
	}
	return n, r.Skipped().Count == 0
}

func noBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")) }

func FuzzJSON(f *testing.F) {
	seeds(f, ".json")
	f.Add([]byte(`[{"conversations": [{"from": "gpt", "value": "\ud83d\ude00"}]}, {"x": "]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, ok := fuzzRead(t, JSON, data)
		text := bytes.TrimLeft(noBOM(data), " \t\r\n")
		if !ok || len(text) == 0 || text[0] != '[' {
			return
		}
		var rows []json.RawMessage
		if err := json.Unmarshal(text, &rows); err != nil || len(rows) != n {
			t.Fatalf("read %d rows of %q, encoding/json reads %d, %v", n, data, len(rows), err)
		}
	})
}

func FuzzJSONL(f *testing.F) {
	seeds(f, ".jsonl")
	f.Add([]byte(`{"messages": [{"role": "user", "content": "\u00e9"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, ok := fuzzRead(t, JSONL, data)
		if !ok {
			return
		}
		d := json.NewDecoder(bytes.NewReader(noBOM(data)))
		for rows := 0; ; rows++ {
			var row json.RawMessage
			if err := d.Decode(&row); err == io.EOF && rows == n {
				return
			} else if err != nil {
				t.Fatalf("read %d rows of %q, encoding/json fails at row %d: %v", n, data, rows, err)
			}
		}
	})
}

func FuzzCSV(f *testing.F) {
	seeds(f, ".csv")
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzRead(t, CSV, data)
		// Cells are those of encoding/csv, but for line ends inside quotes.
		c := &csvRows{in: newInput(bytes.NewReader(data), "x", 1<<16), started: true}
		std := stdcsv.NewReader(bytes.NewReader(data))
		std.FieldsPerRecord = -1
		for {
			raw, err := c.next()
			if err != nil || bytes.HasSuffix(raw.raw, []byte("\r")) {
				return
			}
			got, _, err := splitRecord(raw.raw)
			if err != nil || raw.long {
				return
			}
			want, err := std.Read()
			if err != nil {
				t.Fatalf("%q: encoding/csv: %v", raw.raw, err)
			}
			unix := func(cells []string) string {
				return strings.ReplaceAll(strings.Join(cells, "\x01"), "\r\n", "\n")
			}
			if unix(got) != unix(want) {
				t.Fatalf("%q: got %q, encoding/csv says %q", raw.raw, got, want)
			}
		}
	})
}

func FuzzRewrite(f *testing.F) {
	for _, c := range identities {
		f.Add(strings.TrimPrefix(c.name, "a."), []byte(c.text), "é\"\n")
	}
	f.Fuzz(func(t *testing.T, format string, data []byte, text string) {
		name := "a." + format
		if f, _ := formatOf(name); f == "" || f == Parquet {
			return
		}
		opt := Options{SkipBad: true, MaxRow: 1 << 16}
		out, w, err := rewriteText(name, string(data), opt, keep)
		if err != nil {
			return
		}
		if out != string(data) {
			t.Fatalf("kept rows changed:\n got %q\nwant %q", out, data)
		}
		bad := w.r.Skipped().Count
		var want []string
		out, w, err = rewriteText(name, string(data), opt, func(row int, ex *Example) (bool, []Example, error) {
			if row%2 == 1 {
				want = append(want, show(ex))
				return false, nil, nil
			}
			*ex = ex.WithOutput(text)
			added := ex.WithOutput("+" + text)
			want = append(want, show(ex), show(&added))
			return true, []Example{added}, nil
		})
		if err != nil {
			return // text that the format cannot hold
		}
		r, err := NewReader(strings.NewReader(out), name, Options{Format: w.r.opt.Format, Shape: w.r.shape, SkipBad: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; ; i++ {
			ex, err := r.Next()
			if err == io.EOF && i == len(want) && r.Skipped().Count == bad {
				return
			}
			if err != nil || i >= len(want) || show(&ex) != want[i] {
				t.Fatalf("row %d of %q: got %s, %v, want %q", i, out, show(&ex), err, want)
			}
		}
	})
}

func FuzzItems(f *testing.F) {
	f.Add("tsv", []byte("text\tlabel\na\tb\n"))
	f.Add("json", []byte(`{"instructions": ["a"], "inputs": []}`))
	f.Add("trec", []byte("DESC:def What ?\n"))
	f.Add("lines", []byte("a\r\n"))
	f.Add("csv", []byte("text\na\n"))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		next, err := itemsOf(bytes.NewReader(data), "x", "", Layout{Kind: kind})
		for err == nil {
			_, err = next()
		}
		if strings.Contains(err.Error(), "\n") {
			t.Fatalf("the error has two lines: %q", err)
		}
	})
}
