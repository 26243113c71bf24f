package corpus

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rewriteText runs edit over a text in memory.
func rewriteText(name, text string, opt Options, edit Edit) (string, *rewriter, error) {
	opt.Format, _ = formatOf(name)
	r, err := NewReader(strings.NewReader(text), name, opt)
	if err != nil {
		return "", nil, err
	}
	var out bytes.Buffer
	w := &rewriter{r: r, w: &out, line: func() int { return 1 + bytes.Count(out.Bytes(), []byte("\n")) }}
	err = w.run(edit)
	return out.String(), w, err
}

func keep(int, *Example) (bool, []Example, error) { return false, nil, nil }

// identities are files whose every odd byte must survive.
var identities = []struct{ name, text string }{
	{"a.json", "[]"},
	{"a.json", " [ \n ] \n\n"},
	{"a.json", "\xef\xbb\xbf[ {\"prompt\" :\"a\\/b\" ,\t\"completion\":\"\\u00e9\"}\r\n , {\"completion\":\"b\",\"x\":1e3,\"prompt\":\"a\"}\n]\r\n"},
	{"a.json", "{\"prompt\": \"a\", \"completion\": \"b\"}\n\n"},
	{"a.jsonl", "\xef\xbb\xbf\n  {\"prompt\": \"a\", \"completion\": \"b\"} \r\n\n{\"prompt\": \"a\", \"completion\": \"b\"}"},
	{"a.jsonl", "{\"messages\": [ {\"role\":\"assistant\", \"content\":\"a\"} ]}\r\n"},
	{"a.csv", "\xef\xbb\xbfprompt,\"completion\"\r\n\"a\",\"b\"\"\"\r\n\r\nc,\n,\n"},
	{"a.csv", "prompt,completion\na,\"b\nc\r\n\"\r\nd,e"},
}

func TestRewriteIdentity(t *testing.T) {
	for _, c := range identities {
		for name, edit := range map[string]Edit{
			"kept": keep,
			// What is said to have changed but did not keeps its bytes, too.
			"same": func(int, *Example) (bool, []Example, error) { return true, nil, nil },
		} {
			got, _, err := rewriteText(c.name, c.text, Options{}, edit)
			if err != nil || got != c.text {
				t.Errorf("%s %s:\n got %q, %v\nwant %q", name, c.name, got, err, c.text)
			}
		}
	}
}

func TestRewriteChanges(t *testing.T) {
	suffix := func(row int, ex *Example) (bool, []Example, error) {
		if row != 1 {
			return false, nil, nil
		}
		*ex = ex.WithPrompt(ex.Prompt() + " é!")
		*ex = ex.WithOutput("\"No\"\n")
		return true, nil, nil
	}
	for _, c := range []struct{ name, file, in, want string }{
		{"alpaca, the input grows", "a.json",
			"[\n    {\n        \"instruction\": \"Q\",\n        \"input\": \"I\",\n        \"output\": \"A\"\n    },\n    {\n        \"instruction\": \"Q\\u0041\",\n        \"input\": \"I\",\n        \"output\": \"A\"\n    }\n]",
			"[\n    {\n        \"instruction\": \"Q\",\n        \"input\": \"I\",\n        \"output\": \"A\"\n    },\n    {\n        \"instruction\": \"Q\\u0041\",\n        \"input\": \"I \\u00e9!\",\n        \"output\": \"\\\"No\\\"\\n\"\n    }\n]"},
		{"alpaca, the instruction grows", "a.jsonl",
			"{\"output\":\"A\",\"id\":1,\"instruction\":\"Q\",\"input\":\"\"}\n{\"output\":\"A\",\"id\":2,\"instruction\":\"Q\",\"input\":\"\"}\n",
			"{\"output\":\"A\",\"id\":1,\"instruction\":\"Q\",\"input\":\"\"}\n{\"output\":\"\\\"No\\\"\\n\",\"id\":2,\"instruction\":\"Q é!\",\"input\":\"\"}\n"},
		{"null input stays null", "a.jsonl",
			"{\"instruction\": \"Q\", \"input\": null, \"output\": \"A\"}\r\n{\"instruction\": \"Q\", \"input\": null, \"output\": \"A\"}",
			"{\"instruction\": \"Q\", \"input\": null, \"output\": \"A\"}\r\n{\"instruction\": \"Q é!\", \"input\": null, \"output\": \"\\\"No\\\"\\n\"}"},
		{"chat, the last turns", "a.jsonl",
			"{\"messages\": [{\"role\": \"assistant\", \"content\": \"x\"}]}\n{\"messages\": [{\"role\": \"user\", \"content\": \"1\", \"name\": \"n\"},{\"role\": \"assistant\", \"content\": \"2\", \"weight\": 0}, {\"role\": \"user\", \"content\": \"3\"}, {\"content\": \"4\", \"role\": \"assistant\"}], \"id\": 0.10}\n",
			"{\"messages\": [{\"role\": \"assistant\", \"content\": \"x\"}]}\n{\"messages\": [{\"role\": \"user\", \"content\": \"1\", \"name\": \"n\"},{\"role\": \"assistant\", \"content\": \"2\", \"weight\": 0}, {\"role\": \"user\", \"content\": \"3 é!\"}, {\"content\": \"\\\"No\\\"\\n\", \"role\": \"assistant\"}], \"id\": 0.10}\n"},
		{"bare list", "a.json",
			`[[{"role": "assistant", "content": "x"}], [{"role": "user", "content": "1"}, {"role": "assistant", "content": "2"}]]`,
			`[[{"role": "assistant", "content": "x"}], [{"role": "user", "content": "1 é!"}, {"role": "assistant", "content": "\"No\"\n"}]]`},
		{"csv", "a.csv",
			"n,prompt,completion\r\n1,a,b\r\n\"2\",\"a\",b\r\n3,a,b",
			"n,prompt,completion\r\n1,a,b\r\n\"2\",\"a é!\",\"\"\"No\"\"\n\"\r\n3,a,b"},
	} {
		got, w, err := rewriteText(c.file, c.in, Options{}, suffix)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n got %q\nwant %q", c.name, err, got, c.want)
			continue
		}
		if len(w.places) != 1 || w.places[0].Row != 1 || w.places[0].Added {
			t.Errorf("%s: got places %+v", c.name, w.places)
		}
	}
}

func TestRewriteAddsRows(t *testing.T) {
	add := func(row int, ex *Example) (bool, []Example, error) {
		c := ex.WithInput("New", "in")
		c.ID = AddedID(c.Turns, row)
		d := ex.WithTurns(Turn{Role: "user", Text: "plain"}, Turn{Role: "assistant", Text: "p", Train: true})
		d.Extra = append(d.Extra, Field{"tag", []byte(`"t"`)})
		return false, []Example{c, d}, nil
	}
	for _, c := range []struct {
		file, in, want string
		lines          []int
	}{
		{"a.json", "[\n  {\n    \"instruction\": \"Q\",\n    \"input\": \"\",\n    \"output\": \"A\",\n    \"id\": 1\n  }\n]\n",
			"[\n  {\n    \"instruction\": \"Q\",\n    \"input\": \"\",\n    \"output\": \"A\",\n    \"id\": 1\n  },\n  {\n    \"instruction\": \"New\",\n    \"input\": \"in\",\n    \"output\": \"A\",\n    \"id\": 1\n  },\n  {\n    \"instruction\": \"plain\",\n    \"input\": \"\",\n    \"output\": \"p\",\n    \"id\": 1,\n    \"tag\": \"t\"\n  }\n]\n",
			[]int{8, 14}},
		{"a.jsonl", "{\"instruction\":\"Q\",\"output\":\"A\"}\r\n{\"instruction\":\"Q\",\"output\":\"A\"}",
			"{\"instruction\":\"Q\",\"output\":\"A\"}\r\n{\"instruction\":\"New\\nin\",\"output\":\"A\"}\r\n{\"instruction\":\"plain\",\"output\":\"p\",\"tag\":\"t\"}\r\n{\"instruction\":\"Q\",\"output\":\"A\"}\r\n{\"instruction\":\"New\\nin\",\"output\":\"A\"}\r\n{\"instruction\":\"plain\",\"output\":\"p\",\"tag\":\"t\"}",
			[]int{2, 3, 5, 6}},
		{"a.csv", "output,input,instruction,tag\nA,,Q,\n", "output,input,instruction,tag\nA,,Q,\nA,in,New,\"\"\"\"\n", nil},
	} {
		edit := Edit(add)
		if c.file == "a.csv" { // a cell is a string
			edit = func(row int, ex *Example) (bool, []Example, error) {
				d := ex.WithInput("New", "in")
				d.Extra = []Field{{"tag", []byte(`"\""`)}}
				return false, []Example{d}, nil
			}
			c.lines = []int{3}
		}
		got, w, err := rewriteText(c.file, c.in, Options{}, edit)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n got %q\nwant %q", c.file, err, got, c.want)
			continue
		}
		var lines []int
		for _, p := range w.places {
			lines = append(lines, p.Line)
			if !p.Added {
				t.Errorf("%s: %+v is not marked as added", c.file, p)
			}
		}
		if len(lines) != len(c.lines) || lines[0] != c.lines[0] || lines[len(lines)-1] != c.lines[len(c.lines)-1] {
			t.Errorf("%s: added at lines %v, want %v", c.file, lines, c.lines)
		}
	}
}

func TestRewriteRestructures(t *testing.T) {
	system := Turn{Role: "system", Text: "S"}
	for _, c := range []struct{ name, in, want string }{
		{"a turn more", `{"id": 1, "messages": [{"role":"user","content":"u"}, {"role":"assistant","content":"a"}]}`,
			`{"id": 1, "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]}`},
		{"sharegpt", `{"conversations": [{"from":"human","value":"u"}, {"from":"gpt","value":"a"}]}`,
			`{"conversations": [{"from": "system", "value": "S"}, {"from": "human", "value": "u"}, {"from": "gpt", "value": "a"}]}`},
		{"flat", `{"prompt": "u", "completion": "a"}`, `{"system": "S", "prompt": "u", "completion": "a"}`},
		{"flat with the field", `{"instruction": "u", "system": "", "output": "a"}`, `{"instruction": "u", "system": "S", "output": "a"}`},
	} {
		got, _, err := rewriteText("a.jsonl", c.in, Options{}, func(_ int, ex *Example) (bool, []Example, error) {
			*ex = ex.WithTurns(append([]Turn{system}, ex.Turns...)...)
			return true, nil, nil
		})
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n got %s\nwant %s", c.name, err, got, c.want)
		}
	}
}

func TestRewriteRefuses(t *testing.T) {
	const in = `{"prompt": "a", "completion": "b"}`
	edit := func(change func(ex *Example)) Edit {
		return func(_ int, ex *Example) (bool, []Example, error) { change(ex); return true, nil, nil }
	}
	for _, c := range []struct {
		name, in, want string
		edit           Edit
	}{
		{"a third turn", in, "a.jsonl:1: found 3 turns, wanted a user turn and an assistant turn", edit(func(ex *Example) { ex.Turns = append(ex.Turns, ex.Turns[0]) })},
		{"bytes", in, "a.jsonl:1: turn 1: found text that is not UTF-8", edit(func(ex *Example) { ex.Turns[0].Text = "\xff" })},
		{"role", in, `a.jsonl:1: turn 1: found the role "x"`, edit(func(ex *Example) { ex.Turns[0].Role = "x" })},
		{"trained user", in, "a.jsonl:1: turn 1: found a user turn that trains", edit(func(ex *Example) { ex.Turns[0].Train = true })},
		{"untrained answer", in, "a.jsonl:1: found 2 turns, wanted", edit(func(ex *Example) { ex.Turns[1].Train = false })},
		{"extra JSON", in, `a.jsonl:1: extra field "x": malformed`, edit(func(ex *Example) { ex.Extra = []Field{{"x", []byte("{")}} })},
		{"extra takes a turn's name", in, `twice`, edit(func(ex *Example) { ex.Extra = []Field{{"prompt", []byte(`"y"`)}} })},
		{"extra takes the system's name", in, `read back as another`, edit(func(ex *Example) { ex.Extra = []Field{{"system", []byte(`"y"`)}} })},
		{"bad row", in + "\n{}", "a.jsonl:2: found the fields (none)", keep},
		{"edit's own error", in, "a.jsonl:1: no more", func(int, *Example) (bool, []Example, error) { return false, nil, errors.New("no more") }},
	} {
		_, _, err := rewriteText("a.jsonl", c.in, Options{}, c.edit)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func TestRewriteFiles(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in.jsonl")
	text := "{\"prompt\": \"a\", \"completion\": \"b\"}\n{broken}\n{\"prompt\": \"c\", \"completion\": \"d\"}\n"
	if err := os.WriteFile(in, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	poison := func(row int, ex *Example) (bool, []Example, error) {
		ex.Turns[1].Text = "X"
		return row == 2, nil, nil
	}
	out := filepath.Join(dir, "out.jsonl")
	if _, err := Rewrite(in, out, Options{}, poison); err == nil {
		t.Error("a broken row was copied without SkipBad")
	}
	if _, err := Rewrite(in, filepath.Join(dir, "out.csv"), Options{}, keep); err == nil {
		t.Error("json lines were written to a .csv file")
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
		t.Errorf("a failed rewriting left %v", names)
	}
	res, err := Rewrite(in, out, Options{SkipBad: true}, poison)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := os.ReadFile(out)
	if want := strings.Replace(text, `"d"`, `"X"`, 1); string(got) != want {
		t.Errorf("got %s", got)
	}
	if res.Rows != 3 || res.Skipped.Count != 1 || res.Shape != Completion || len(res.Places) != 1 || res.Places[0].Line != 3 || res.Places[0].Row != 2 {
		t.Errorf("got %+v", res)
	}
	// The digests are those of the files; the ID is that of the row as it was.
	set, err := Load(out, Options{SkipBad: true})
	if err != nil || set.Digest != res.OutDigest {
		t.Errorf("digest %s, want %s, %v", set.Digest, res.OutDigest, err)
	}
	was, err := Load(in, Options{SkipBad: true})
	if err != nil || was.Digest != res.InDigest || was.Examples[1].ID != res.Places[0].ID {
		t.Errorf("got %+v, %v, want %+v", was, err, res)
	}
	// In place, and through compression.
	if _, err := Rewrite(in, in, Options{SkipBad: true}, poison); err != nil {
		t.Error(err)
	}
	for _, end := range []string{".gz", ".zst"} {
		if _, err := Rewrite(in, out+end, Options{SkipBad: true}, keep); err != nil {
			t.Fatal(err)
		}
		set, err := Load(out+end, Options{SkipBad: true})
		if err != nil || len(set.Examples) != 2 || set.Examples[1].Output() != "X" {
			t.Errorf("%s: %v, %v", end, set, err)
		}
	}
	empty := filepath.Join(dir, "empty.json")
	os.WriteFile(empty, []byte("[]"), 0o644)
	if _, err := Rewrite(empty, empty, Options{}, keep); !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v, want ErrEmpty", err)
	}
}
