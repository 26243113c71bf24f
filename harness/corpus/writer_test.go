package corpus

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// drawExample draws a row that the shape can hold; csv cannot hold NUL, and
// wants the same columns in every row.
func drawExample(t *rapid.T, shape Shape, csv bool) Example {
	texts := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ab ,"\n\r\t\\{}\[\]:é😀]{0,12}`))
	text := func(label string) string {
		s := texts.Draw(t, label)
		if csv {
			s = strings.ReplaceAll(s, "\x00", "")
		}
		return s
	}
	var e Example
	if _, ok := list[shape]; ok {
		for range rapid.IntRange(0, 4).Draw(t, "turns") {
			role := rapid.SampledFrom([]string{"system", "user", "assistant"}).Draw(t, "role")
			train := role == "assistant" && rapid.Bool().Draw(t, "train")
			e.Turns = append(e.Turns, Turn{role, text("text"), train})
		}
		e.Turns = append(e.Turns, Turn{"assistant", text("text"), true})
	} else {
		input := ""
		if shape != Completion {
			input = text("input")
		}
		e = New(text("instruction"), input, text("output"))
		if s := text("system"); s != "" && !csv && rapid.Bool().Draw(t, "has system") {
			e = e.WithTurns(append([]Turn{{Role: "system", Text: s}}, e.Turns...)...)
		}
	}
	e.Extra = append(e.Extra, Field{"x \"1\"", quote(text("extra"), false)})
	if !csv {
		e.Extra = append(e.Extra, Field{"nested", []byte(`{"a": [1.0, null]}`)})
	}
	return e
}

func writeAndRead(format Format, shape Shape, rows []Example) ([]Example, Shape, error) {
	var file bytes.Buffer
	w, err := newWriter("x", format, shape)
	if err != nil {
		return nil, "", err
	}
	w.w = &file
	for _, e := range rows {
		if err := w.Write(e); err != nil {
			return nil, "", err
		}
	}
	if err := w.end(); err != nil {
		return nil, "", err
	}
	r, err := NewReader(&file, "x", Options{Format: format})
	if err != nil {
		return nil, "", err
	}
	var out []Example
	for e, err := range r.All() {
		if err != nil {
			return nil, "", err
		}
		out = append(out, e)
	}
	return out, r.Shape(), nil
}

func TestReadOfWriteIsIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SampledFrom(Shapes()).Draw(t, "shape")
		formats := []Format{JSON, JSONL, CSV}
		if _, ok := list[shape]; ok {
			formats = formats[:2]
		}
		format := rapid.SampledFrom(formats).Draw(t, "format")
		var rows []Example
		for range rapid.IntRange(1, 4).Draw(t, "rows") {
			rows = append(rows, drawExample(t, shape, format == CSV))
		}
		read, found, err := writeAndRead(format, shape, rows)
		if err != nil {
			t.Fatal(err)
		}
		if found != shape || len(read) != len(rows) {
			t.Fatalf("got %d rows of %s, want %d of %s", len(read), found, len(rows), shape)
		}
		for i, got := range read {
			want := rows[i]
			if !slices.Equal(got.Turns, want.Turns) || fmt.Sprintf("%q", got.Extra) != fmt.Sprintf("%q", want.Extra) {
				t.Fatalf("row %d: got %s\nwant %s", i, show(&got), show(&want))
			}
			if _, ok := flat[shape]; ok && (got.Instruction() != want.Instruction() || got.Input() != want.Input()) {
				t.Fatalf("row %d: got the input %q, want %q", i, got.Input(), want.Input())
			}
		}
	})
}

// Any edit of texts reads back as edited, whatever the row looked like.
func TestRewriteReadsBack(t *testing.T) {
	rows := []string{
		`{"instruction": "Q\u0041", "input": "I", "output": "A", "x": 1}`,
		`{"output":"A","instruction":"Q","input":""}`,
		`{"instruction": "Q", "context": "C", "response": "A"}`,
		`{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "weight": 0}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}`,
		`{"prompt": "p", "completion": "c"}`,
	}
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.SampledFrom(rows).Draw(t, "row")
		prompt, output := rapid.String().Draw(t, "prompt"), rapid.String().Draw(t, "output")
		prefix := rapid.SampledFrom([]string{"", "Q\n", "QA\n", "x"}).Draw(t, "prefix")
		suffix := rapid.SampledFrom([]string{"", "\nI", "\nC", "y"}).Draw(t, "suffix")
		var want Example
		text, _, err := rewriteText("a.jsonl", row, Options{}, func(_ int, ex *Example) (bool, []Example, error) {
			*ex = ex.WithPrompt(prefix + prompt + suffix)
			*ex = ex.WithOutput(output)
			want = *ex
			return true, nil, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(strings.NewReader(text), "b.jsonl", Options{Format: JSONL})
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Next()
		if err != nil || !slices.Equal(got.Turns, want.Turns) || show(&got) != show(&want) {
			t.Fatalf("got %s, %v\nwant %s", show(&got), err, show(&want))
		}
	})
}

func TestWriterRefuses(t *testing.T) {
	dir := t.TempDir()
	good := New("a", "", "b")
	extra := func(key, raw string) Example {
		e := good.Clone()
		e.Extra = []Field{{key, []byte(raw)}}
		return e
	}
	for _, c := range []struct {
		name, file string
		shape      Shape
		rows       []Example
		want       string
	}{
		{"nothing", "a.jsonl", Alpaca, nil, "found no rows"},
		{"ending", "a.txt", Alpaca, []Example{good}, "found an ending that theriac does not write"},
		{"shape", "a.jsonl", "alpacca", []Example{good}, `found the shape "alpacca", wanted one of [chat`},
		{"no shape", "a.jsonl", "", []Example{good}, `found the shape "", wanted one of [chat`},
		{"lists in csv", "a.csv", Chat, []Example{good}, "csv cannot hold the lists of shape chat"},
		{"other columns", "a.csv", Alpaca, []Example{good, extra("x", `"1"`)}, "row 1: found other fields than in the first row"},
		{"number in csv", "a.csv", Alpaca, []Example{extra("x", `1`)}, `row 0: "x": found a number, wanted a string`},
		{"turns", "a.jsonl", Alpaca, []Example{good, good.WithTurns(good.Turns[0])}, "row 1: found 1 turns, wanted"},
		{"another shape", "a.jsonl", Alpaca, []Example{extra("messages", `[]`)}, "look like shape chat, wanted alpaca"},
		{"history", "a.jsonl", Alpaca, []Example{extra("history", `["x"]`)}, `field "history" that is not empty`},
		{"preference", "a.jsonl", Alpaca, []Example{{Turns: good.Turns, Extra: []Field{{"chosen", []byte(`1`)}, {"rejected", []byte(`1`)}}}}, "preference pair"},
		{"no answer", "a.jsonl", Chat, []Example{good.WithTurns(good.Turns[0])}, "none of the assistant"},
	} {
		path := filepath.Join(dir, c.file)
		if err := Save(path, c.shape, c.rows); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	if err := Save(filepath.Join(dir, "no", "a.jsonl"), Alpaca, []Example{good}); err == nil {
		t.Error("wrote into a directory that does not exist")
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("failed writers left %v", left)
	}
}

func TestSaveAndLoad(t *testing.T) {
	rows := []Example{New("a", "b", "c"), New("a", "b", "c"), New("d", "", "e")}
	dir := t.TempDir()
	for _, name := range []string{"a.json", "a.jsonl.gz", "a.csv.zst"} {
		path := filepath.Join(dir, name)
		if err := Save(path, Dolly, rows); err != nil {
			t.Fatal(err)
		}
		set, err := Load(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		file, _ := os.ReadFile(path)
		if set.Digest != fmt.Sprintf("%x", sha256.Sum256(file)) || set.Shape != Dolly || len(set.Examples) != 3 {
			t.Errorf("%s: got %+v", name, set)
		}
		e := set.Examples[1]
		if e.Source != (Source{Dataset: "a", Digest: set.Digest, Row: 1}) || e.ID[16:] != "-1" || e.Input() != "b" {
			t.Errorf("%s: got %+v", name, e)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, c := range []struct {
		path, want string
		opt        Options
	}{
		{filepath.Join(dir, "none.jsonl"), "no such file", Options{}},
		{dir, "found no regular file", Options{}},
		{write("a.txt", "x"), "a.txt: found an unknown ending", Options{}},
		{write("a.jsonl", "\n"), "a.jsonl: found no rows", Options{}},
		{write("b.jsonl", "{}\n[]\n"), "b.jsonl: found no rows, wanted at least one: 2 rows are malformed, the first: line 1: found the fields (none)", Options{SkipBad: true}},
		{write("a.json.gz", "[]"), "a.json.gz: found no gzip file", Options{}},
		{write("a.json.zst", "[]"), "a.json.zst:1: ", Options{}},
		{write("b.jsonl.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\xaa"), "b.jsonl.gz:1: cannot read on: unexpected EOF", Options{}},
	} {
		_, err := Load(c.path, c.opt)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s:\n got %v\nwant %s", filepath.Base(c.path), err, c.want)
		}
	}
	if _, err := Load(filepath.Join(dir, "a.jsonl"), Options{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v, want ErrEmpty", err)
	}
}
