package corpus

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeTemp(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestItems(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		layout           Layout
		want             string
	}{
		{"lines", "a.txt", "\xef\xbb\xbfHow? \r\n\n \nWhy?", Layout{}, `"How? "@1 "Why?"@4`},
		{"csv", "a.csv", "goal,target\n\"a, b\",c\nd,e\n", Layout{Label: "target"}, `"a, b"=c@2 "d"=e@3`},
		{"csv without a header", "a.csv", "\"a\nb\",c\nd,e\n", Layout{Columns: []string{"text", "x"}}, `"a\nb"@1 "d"@3`},
		{"csv of one column", "a.csv", "behaviour\na\n", Layout{}, `"a"@2`},
		{"tsv with a header", "a.tsv", "sentence\tlabel\n\"so\" good \t1\n", Layout{Label: "label"}, `"\"so\" good "=1@2`},
		{"tsv without a header", "a.tsv", "x \\$5\tWorld\n", Layout{Columns: []string{"text", "label"}, Label: "label"}, `"x \\$5"=World@1`},
		{"trec", "a.label", "DESC:def What is caf\xe9 ?\nNUM:date When ?\n", Layout{}, `"What is café ?"=DESC:def@1 "When ?"=NUM:date@2`},
		{"strings", "a.json", "[\"a\",\n\"b\\n\"]", Layout{}, `"a"@1 "b\n"@2`},
		{"lists", "a.json", "{\"instructions\": [\"a\", \"b\"], \"tags\": [\"x\", \"y\"], \"inputs\": []}", Layout{Label: "tags"}, `"a"=x@1 "b"=y@2`},
		{"objects", "a.json", "[{\"prompt\": \"a\", \"n\": 3},\n{\"n\": 4, \"prompt\": \"b\"}]", Layout{Label: "n"}, `"a"=3@1 "b"=4@2`},
		{"object lines", "a.jsonl", "{\"text\": \"a\"}\n\"b\"\n", Layout{}, `"a"@1 "b"@2`},
		{"one object a line in .json", "a.json", "{\"text\": \"a\"}", Layout{}, `"a"@1`},
		{"kind by name", "a.dat", "a\n", Layout{Kind: "lines"}, `"a"@1`},
	} {
		var got []string
		for item, err := range Items(writeTemp(t, c.file, c.text), c.layout) {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
				break
			}
			s := fmt.Sprintf("%q", item.Text)
			if item.Label != "" {
				s += "=" + item.Label
			}
			got = append(got, fmt.Sprintf("%s@%d", s, item.Line))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, s, c.want)
		}
	}
}

func TestItemsRefuse(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		layout           Layout
		want             string
	}{
		{"latin-1", "a.txt", "a\ncaf\xe9\n", Layout{}, "a.txt:2: found byte 0xe9"},
		{"nul", "a.txt", "a\x00\n", Layout{}, "a.txt:1: found a NUL byte"},
		{"utf-16", "a.txt", "\xfe\xff\x00a", Layout{}, "found UTF-16"},
		{"cells", "a.tsv", "text\tlabel\na\n", Layout{}, "a.tsv:2: found 1 cells, wanted 2"},
		{"no such column", "a.tsv", "x\ty\na\tb\n", Layout{Text: "text"}, `found the fields ["x" "y"], wanted for the text: text`},
		{"no such label", "a.csv", "text,y\na,b\n", Layout{Label: "label"}, `a.csv:2: found the fields ["text" "y"], wanted "label" for the label`},
		{"no usual name", "a.csv", "x,y\na,b\n", Layout{}, "wanted for the text: text, prompt"},
		{"no label", "a.label", "What is this ?\n", Layout{}, "a.label:1: found no label, wanted COARSE:fine"},
		{"a number", "a.json", "[\"a\",\n2]", Layout{}, "a.json:2: found a number, wanted an object"},
		{"unequal lists", "a.json", `{"instructions": ["a"], "tags": []}`, Layout{Label: "tags"}, "found 0 labels, wanted 1"},
		{"list of numbers", "a.json", `{"instructions": ["a", 1]}`, Layout{}, `element 2: "instructions": found a number`},
		{"broken string", "a.jsonl", "\"a\nb\"", Layout{}, "a.jsonl:1: malformed JSON"},
		{"ending", "a.dat", "a", Layout{}, `found the kind "", wanted lines`},
		{"nothing", "a.txt", "\n", Layout{}, "a.txt: found no rows"},
	} {
		_, err := Lines(writeTemp(t, c.file, c.text), c.layout)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := Lines(writeTemp(t, "a.tsv", ""), Layout{}); err == nil {
		t.Error("an empty table was read")
	}
	if _, err := Lines(filepath.Join(t.TempDir(), "none.txt"), Layout{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
