package corpus

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

// readAll reads rows of a text format; a file ending says which.
func readAll(t testing.TB, name, text string, opt Options) ([]Example, *Reader, error) {
	t.Helper()
	if opt.Format == "" {
		opt.Format, _ = formatOf(name)
	}
	r, err := NewReader(strings.NewReader(text), name, opt)
	if err != nil {
		return nil, nil, err
	}
	var out []Example
	for ex, err := range r.All() {
		if err != nil {
			return out, r, err
		}
		out = append(out, ex)
	}
	return out, r, nil
}

// show prints what a row means in one line.
func show(e *Example) string {
	var b strings.Builder
	for _, t := range e.Turns {
		mark := ""
		if t.Train {
			mark = "*"
		}
		fmt.Fprintf(&b, "%s%s=%q ", t.Role[:1], mark, t.Text)
	}
	for _, f := range e.Extra {
		fmt.Fprintf(&b, "%s:%s ", f.Key, f.Raw)
	}
	for _, l := range e.Labels {
		fmt.Fprintf(&b, "#%s=%s ", l.Key, l.Value)
	}
	return strings.TrimSpace(b.String())
}

func TestShapes(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		shape            Shape
		want             []string
	}{
		{"alpaca", "a.json", `[{"instruction": "Add.", "input": "1 1", "output": "2"}, {"instruction": "Hi", "input": "", "output": "Ho"}]`, Alpaca,
			[]string{`u="Add.\n1 1" a*="2"`, `u="Hi" a*="Ho"`}},
		{"alpaca without input, null input", "a.jsonl", "{\"instruction\": \"Hi\", \"output\": \"Ho\"}\n{\"instruction\": \"Hi\", \"input\": null, \"output\": \"\"}\n", Alpaca,
			[]string{`u="Hi" a*="Ho"`, `u="Hi" a*=""`}},
		{"extra fields in order, labels", "a.jsonl", `{"z": [1, {"b": null}], "instruction": "Q", "output": "A", "answer": "true", "a": 1.50, "category": "qa"}`, Alpaca,
			[]string{`u="Q" a*="A" z:[1, {"b": null}] answer:"true" a:1.50 category:"qa" #answer=true #task=qa`}},
		{"dolly", "a.jsonl", `{"instruction": "Who?", "context": "Ann did.", "response": "Ann", "category": "closed_qa"}`, Dolly,
			[]string{`u="Who?\nAnn did." a*="Ann" category:"closed_qa" #task=closed_qa`}},
		{"dolly renamed", "a.json", `[{"instruction": "Who?", "category": "closed_qa", "input": "Ann did.", "output": "Ann"}]`, Alpaca,
			[]string{`u="Who?\nAnn did." a*="Ann" category:"closed_qa" #task=closed_qa`}},
		{"alpaca with a system prompt", "a.jsonl", `{"instruction": "Hi", "output": "Ho", "system": "Be brief."}`, Alpaca,
			[]string{`s="Be brief." u="Hi" a*="Ho"`}},
		{"chat", "a.jsonl", `{"id": 7, "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "1"}, {"role": "assistant", "content": "2", "tool_calls": null}, {"role": "user", "content": "3"}, {"role": "assistant", "content": "4"}]}`, Chat,
			[]string{`s="S" u="1" a*="2" u="3" a*="4" id:7`}},
		{"weights", "a.jsonl", `{"messages": [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2", "weight": 0}, {"role": "user", "content": "3"}, {"role": "assistant", "content": "4", "weight": 1}]}`, Chat,
			[]string{`u="1" a="2" u="3" a*="4"`}},
		{"bare lists", "a.json", `[[{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]]`, Chat,
			[]string{`u="1" a*="2"`}},
		{"sharegpt", "a.json", `[{"conversations": [{"from": "human", "value": "1"}, {"from": "gpt", "value": "2"}], "system": ""}]`, ShareGPT,
			[]string{`u="1" a*="2"`}},
		{"completion", "a.jsonl", `{"prompt": "P ->", "completion": " C"}`, Completion, []string{`u="P ->" a*=" C"`}},
		{"csv", "a.csv", "id,instruction,input,output\r\n1,\"a, b\",,\"say \"\"hi\"\"\r\nnow\"\r\n\r\n2,x,y,z\r\n", Alpaca,
			[]string{`u="a, b" a*="say \"hi\"\r\nnow" id:"1"`, `u="x\ny" a*="z" id:"2"`}},
		{"json lines in a .json file", "a.json", "\xef\xbb\xbf {\"prompt\": \"a\", \"completion\": \"b\"}\r\n\r\n{\"prompt\": \"c\", \"completion\": \"d\"}", Completion,
			[]string{`u="a" a*="b"`, `u="c" a*="d"`}},
		{"escapes", "a.jsonl", `{"prompt": "\u0000\ud83d\ude00\u00e9", "comple\u0074ion": "\/"}`, Completion, []string{`u="\x00😀é" a*="/"`}},
		{"no rows", "a.json", " [ ]\n", "", nil},
		{"no bytes", "a.json", "", "", nil},
		{"no lines", "a.jsonl", "\n\n", "", nil},
		{"header only", "a.csv", "prompt,completion\n", "", nil},
	} {
		got, r, err := readAll(t, c.file, c.text, Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if r.Shape() != c.shape || len(got) != len(c.want) {
			t.Errorf("%s: got %d rows of shape %q, want %d of %q", c.name, len(got), r.Shape(), len(c.want), c.shape)
			continue
		}
		for i := range got {
			if s := show(&got[i]); s != c.want[i] {
				t.Errorf("%s: row %d:\n got %s\nwant %s", c.name, i, s, c.want[i])
			}
		}
	}
}

func TestBadRows(t *testing.T) {
	const ok = `{"prompt": "a", "completion": "b"}`
	deep := `{"prompt": "a", "completion": "b", "x": ` + strings.Repeat("[", 1500) + strings.Repeat("]", 1500) + "}"
	for _, c := range []struct{ name, file, text, want string }{
		{"syntax", "a.jsonl", ok + "\n\n{\"prompt\": \"a\",}\n", "a.jsonl:3: malformed JSON at byte 16: invalid character '}'"},
		{"line inside a list", "a.json", "[\n  " + ok + ",\n  {\n    \"prompt\": 1,\n    \"completion\": \"b\"}\n]", `a.json:3: "prompt": found a number, wanted a string`},
		{"malformed inside a list", "a.json", "[" + ok + ",\n{\"prompt\": tru}]", "a.json:2: malformed JSON"},
		{"missing field", "a.jsonl", ok + "\n" + `{"prompt": "a", "text": "b"}`, `a.jsonl:2: found the fields "prompt", "text", wanted "prompt" and "completion" (shape completion)`},
		{"unknown shape", "a.jsonl", `{"text": "a"}`, `a.jsonl:1: found the fields "text", wanted those of a known shape: messages;`},
		{"no fields", "a.jsonl", `{}`, `a.jsonl:1: found the fields (none), wanted`},
		{"scalar", "a.jsonl", `"text"`, "a.jsonl:1: found a string, wanted an object"},
		{"duplicate key", "a.jsonl", `{"prompt": "a", "completion": "b", "promp\u0074": "c"}`, `a.jsonl:1: found the key "prompt" twice, wanted it once`},
		{"duplicate key in a turn", "a.jsonl", `{"messages": [{"role": "user", "content": "a", "role": "assistant"}]}`, `a.jsonl:1: turn 1: found the key "role" twice`},
		{"half a pair", "a.jsonl", `{"prompt": "\ud83d", "completion": "b"}`, `a.jsonl:1: "prompt": found the escape \ud83d without its other half`},
		{"latin-1", "a.jsonl", "{\"prompt\": \"caf\xe9\", \"completion\": \"b\"}", "a.jsonl:1: found byte 0xe9 at byte 15, wanted UTF-8"},
		{"nul", "a.jsonl", "{\"prompt\": \"a\x00\", \"completion\": \"b\"}", "a.jsonl:1: found a NUL byte at byte 13"},
		{"utf-16", "a.jsonl", "\xff\xfe{\x00", "a.jsonl:1: found UTF-16 text"},
		{"depth", "a.jsonl", deep, "a.jsonl:1: found values nested deeper than 1000 levels"},
		{"null output", "a.jsonl", `{"instruction": "a", "output": null}`, `a.jsonl:1: "output": found null, wanted a string`},
		{"history", "a.jsonl", `{"instruction": "a", "output": "b", "history": [["c", "d"]]}`, `a.jsonl:1: found a field "history" that is not empty`},
		{"a list called jsonl", "a.jsonl", "[\n" + ok + "]", "a file that is a JSON list: name the format json"},
		{"an object over lines", "a.json", "{\n\"data\": []}", "a.json:1: malformed JSON at byte 1: unexpected end of JSON input; wanted one whole object a line"},
		{"no list", "a.json", "17", "a.json:1: found '1', wanted a list of rows"},
		{"no comma", "a.json", "[" + ok + "\n" + ok + "]", "a.json:2: found '{', wanted a comma or the end of the list"},
		{"trailing comma", "a.json", "[" + ok + ",\n]", "a.json:2: found ']', wanted a row"},
		{"leading comma", "a.json", "[," + ok + "]", "a.json:1: found ',', wanted a comma or the end"},
		{"cut in a row", "a.json", "[\n" + ok + ",\n{\"prompt\": \"a", "a.json:3: found the end of the file inside the row that starts here"},
		{"cut between rows", "a.json", "[" + ok, "a.json:1: found the end of the file, wanted a comma or the end of the list"},
		{"bytes after", "a.json", "[" + ok + "] x", "a.json:1: found 'x', wanted nothing after the list's end"},
		{"csv cells", "a.csv", "prompt,completion\na,b\na,b,c\n", "a.csv:3: found 3 cells, wanted 2 as in the header"},
		{"csv bare quote", "a.csv", "prompt,completion\na,b \"c\"\n", "a.csv:2: found a quote inside the bare cell 2"},
		{"csv after quote", "a.csv", "prompt,completion\n\"a\" ,b\n", "a.csv:2: found ' ' after a closing quote"},
		{"csv open quote", "a.csv", "prompt,completion\n\"a,b\n", "a.csv:2: found the end of the file inside a quoted cell"},
		{"csv twice a column", "a.csv", "prompt,completion,prompt\n", `a.csv:1: found the column "prompt" twice`},
		{"csv latin-1", "a.csv", "prompt,completion\n\"x\n\",b\ncaf\xe9,b\n", "a.csv:4: found byte 0xe9"},
		{"csv nul", "a.csv", "prompt,completion\na\x00,b\n", "a.csv:2: found a NUL byte"},
		{"role", "a.jsonl", `{"messages": [{"role": "critic", "content": "a"}]}`, `a.jsonl:1: turn 1: found the role "critic", wanted system, user or assistant`},
		{"no answer", "a.jsonl", `{"messages": [{"role": "user", "content": "a"}]}`, "a.jsonl:1: found 1 turns and none of the assistant"},
		{"no turns", "a.jsonl", `{"messages": []}`, "a.jsonl:1: found 0 turns and none of the assistant"},
		{"no list of turns", "a.jsonl", `{"messages": "hello"}`, `a.jsonl:1: "messages": found a string, wanted a list of turns`},
		{"no turn", "a.jsonl", `{"messages": ["hello"]}`, `a.jsonl:1: turn 1: found a string, wanted an object`},
		{"no content", "a.jsonl", `{"messages": [{"role": "user", "content": null}]}`, `a.jsonl:1: turn 1: "content": found null, wanted a string`},
		{"weight", "a.jsonl", `{"messages": [{"role": "assistant", "content": "a", "weight": 0.5}]}`, `a.jsonl:1: turn 1: "weight": found 0.5, wanted 0 or 1`},
	} {
		_, _, err := readAll(t, c.file, c.text, Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.want)
		}
	}
}

func TestNamedErrors(t *testing.T) {
	for text, want := range map[string]error{
		`{"prompt": "a", "chosen": "b", "rejected": "c"}`:                                                     ErrPreference,
		`{"chosen": [{"role": "user"}], "rejected": []}`:                                                      ErrPreference,
		`{"prompt": "a", "completion": "b", "label": false}`:                                                  ErrPreference,
		`{"messages": [{"role": "assistant", "content": null, "tool_calls": [{}]}]}`:                          ErrToolCalls,
		`{"messages": [{"role": "tool", "content": "a"}]}`:                                                    ErrToolCalls,
		`{"messages": [{"role": "user", "content": "a"}], "tools": [{"type": "function"}]}`:                   ErrToolCalls,
		`{"conversations": [{"from": "human", "value": "a"}, {"from": "function_call", "value": "{}"}]}`:      ErrToolCalls,
		`{"messages": [{"role": "assistant", "content": "a"}], "tools": [ ], "function_call": null, "id": 1}`: nil,
	} {
		_, _, err := readAll(t, "a.jsonl", text, Options{})
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", text, err, want)
		}
		var row *RowError
		if want != nil && (!errors.As(err, &row) || row.Line != 1 || row.File != "a.jsonl") {
			t.Errorf("%s: got %v, want a RowError of line 1", text, err)
		}
	}
}

// A list of turns may have a field "history", whichever row it stands in.
func TestHistoryBesideMessages(t *testing.T) {
	plain, with := `{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}`, `{"messages": [{"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}], "history": ["e"]}`
	for _, text := range []string{plain + "\n" + with, with + "\n" + plain} {
		got, _, err := readAll(t, "a.jsonl", text, Options{})
		if err != nil || len(got) != 2 {
			t.Errorf("%s: %d rows, %v", text, len(got), err)
		}
	}
}

func TestSkipBad(t *testing.T) {
	text := `[
{"prompt": "a", "completion": "b"},
{"prompt": "a", "completion": bad},
{"prompt": "a", "other": "b"},
"` + strings.Repeat("x", 200) + `",
{"prompt": "c",
 "completion": "d"}
]`
	got, r, err := readAll(t, "a.json", text, Options{SkipBad: true, MaxRow: 100})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[1].Source.Row != 4 || got[1].Prompt() != "c" {
		t.Errorf("got %+v", got)
	}
	s := r.Skipped()
	var lines []string
	for _, e := range s.Rows {
		lines = append(lines, e.Error())
	}
	want := []string{"a.json:3: malformed JSON", "a.json:4: found the fields", "a.json:5: found a row longer than 100 bytes"}
	if s.Count != 3 || len(lines) != 3 {
		t.Fatalf("got %d, %v", s.Count, lines)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("got %q, want %q", lines[i], want[i])
		}
	}
	// What cannot be skipped ends the reading even so.
	if _, _, err = readAll(t, "a.json", text[:len(text)-5], Options{SkipBad: true}); err == nil {
		t.Error("a file that is cut off was read without an error")
	}
}

func TestIDs(t *testing.T) {
	text := "{\"prompt\": \"a\", \"completion\": \"b\"}\n{\"prompt\": \"A\", \"completion\": \"b\"}\n{\"completion\": \"b\", \"prompt\": \"a\"}\n"
	got, _, err := readAll(t, "a.jsonl", text, Options{Dataset: "mine"})
	if err != nil {
		t.Fatal(err)
	}
	// hashlib.sha256(b"theriac/example/1\x04user\x01a\x09assistant\x01b").hexdigest()[:16]
	want := []string{"2ae050dc06be69b9-0", "6b9ac4d237297bee-0", "2ae050dc06be69b9-1"}
	for i, e := range got {
		if e.ID != want[i] || e.Source != (Source{Dataset: "mine", Row: i}) {
			t.Errorf("row %d: got %s from %+v, want %s", i, e.ID, e.Source, want[i])
		}
	}
	var ids IDs
	for i := range 2 {
		more, _, err := readAll(t, "a.jsonl", text, Options{IDs: &ids})
		if err != nil || more[0].ID != fmt.Sprintf("2ae050dc06be69b9-%d", 2*i) {
			t.Errorf("file %d: got %s, %v", i, more[0].ID, err)
		}
	}
	if got := AddedID(got[0].Turns, 3); got != "2ae050dc06be69b9+3" {
		t.Errorf("added: got %s", got)
	}
}

func TestNamedShapeAndFormat(t *testing.T) {
	got, r, err := readAll(t, "a.txt", `{"instruction": "a", "input": "b", "output": "c"}`, Options{Format: JSONL, Shape: Dolly})
	if err != nil || r.Shape() != Dolly || got[0].Input() != "b" {
		t.Errorf("dolly by name: got %v, %v", got, err)
	}
	if _, _, err := readAll(t, "a.jsonl", `{"prompt": "a", "completion": "c"}`, Options{Shape: Chat}); err == nil {
		t.Error("a completion row was read as chat")
	}
	if _, _, err := readAll(t, "a.jsonl", `{"prompt": "a", "completion": "c"}`, Options{Shape: "x"}); err == nil || !strings.Contains(err.Error(), `found the shape "x"`) {
		t.Errorf("got %v", err)
	}
	if _, err := NewReader(strings.NewReader(""), "a", Options{Format: Parquet}); err == nil {
		t.Error("parquet was read from a stream")
	}
	if _, err := ParseShape("aplaca"); err == nil {
		t.Error("aplaca is no shape")
	}
	if s, err := ParseShape("sharegpt"); s != ShareGPT || err != nil {
		t.Error(s, err)
	}
}

// endless yields head, then n times body: a row without an end.
type endless struct {
	head, body string
	n          int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.head != "" {
		n := copy(p, e.head)
		e.head = e.head[n:]
		return n, nil
	}
	if e.n == 0 {
		return 0, io.EOF
	}
	n := copy(p, e.body)
	e.n--
	return n, nil
}

func TestMemoryIsBounded(t *testing.T) {
	chunk := strings.Repeat("x", 1<<16)
	for name, in := range map[string]*endless{
		"a.json":  {`[{"prompt": "`, chunk, 500},
		"b.json":  {`[`, strings.Repeat("[", 1<<16), 500},
		"c.json":  {`[`, strings.Repeat(" ", 1<<16), 500},
		"a.jsonl": {`{"prompt": "`, chunk, 500},
		"b.jsonl": {"", strings.Repeat("\n", 1<<16), 500},
		"a.csv":   {"prompt,completion\n\"", chunk, 500},
		"b.csv":   {"", chunk, 500},
	} {
		format, _ := formatOf(name)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := NewReader(in, name, Options{Format: format, MaxRow: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Next()
		runtime.ReadMemStats(&after)
		if err == nil || err == io.EOF {
			t.Errorf("%s: got %v, want an error", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
			t.Errorf("%s: allocated %d bytes over 32 MB of input", name, used)
		}
	}
}

func TestLongRows(t *testing.T) {
	long := strings.Repeat("word ", 2<<20) // 10 MB
	row := string(quote(long, false))
	for name, text := range map[string]string{
		"a.json":  `[{"prompt": "a", "completion": ` + row + `}]`,
		"a.jsonl": `{"prompt": "a", "completion": ` + row + `}`,
		"a.csv":   "prompt,completion\na," + row,
	} {
		got, _, err := readAll(t, name, text, Options{})
		if err != nil || len(got) != 1 || got[0].Output() != long {
			t.Errorf("%s: %v", name, err)
		}
	}
}
