package corpus_test

import (
	"fmt"
	"os"
	"path/filepath"

	"theriac/harness/corpus"
)

// file writes a small data file and returns its path.
func file(name, text string) string {
	dir, err := os.MkdirTemp("", "corpus")
	if err != nil {
		panic(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		panic(err)
	}
	return path
}

func ExampleLoad() {
	path := file("birds.jsonl", `{"instruction": "Name a bird.", "input": "", "output": "Wren", "id": 7}
{"instruction": "Translate.", "input": "ave", "output": "bird", "id": 8}
`)
	defer os.RemoveAll(filepath.Dir(path))
	set, err := corpus.Load(path, corpus.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range set.Examples {
		fmt.Printf("%s %s row %d: %q -> %q, %s=%s\n", e.ID, e.Source.Dataset, e.Source.Row, e.Prompt(), e.Output(), e.Extra[0].Key, e.Extra[0].Raw)
	}
	// Output:
	// d1ead4edb589ce86-0 birds row 0: "Name a bird." -> "Wren", id=7
	// 269f6230a7045caa-0 birds row 1: "Translate.\nave" -> "bird", id=8
}

func ExampleOpen() {
	path := file("mixed.jsonl", `{"prompt": "a", "completion": "b"}
{"prompt": "a", "chosen": "b", "rejected": "c"}
`)
	defer os.RemoveAll(filepath.Dir(path))
	r, err := corpus.Open(path, corpus.Options{SkipBad: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	for e, err := range r.All() {
		fmt.Println(e.Prompt(), e.Output(), err)
	}
	for _, bad := range r.Skipped().Rows {
		fmt.Printf("skipped line %d: %v\n", bad.Line, bad.Err)
	}
	// Output:
	// a b <nil>
	// skipped line 2: preference pair (chosen, rejected): keep one response a row, or convert to prompt and completion
}

func ExampleRewrite() {
	in := file("in.json", "[\n  {\"instruction\": \"Hi\", \"output\": \"Ho\"},\n  {\"instruction\": \"He\", \"output\": \"Ha\"}\n]\n")
	defer os.RemoveAll(filepath.Dir(in))
	out := filepath.Join(filepath.Dir(in), "out.json")
	done, err := corpus.Rewrite(in, out, corpus.Options{}, func(row int, e *corpus.Example) (bool, []corpus.Example, error) {
		if row != 1 {
			return false, nil, nil
		}
		*e = e.WithPrompt(e.Prompt() + " [T]")
		return true, nil, nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, _ := os.ReadFile(out)
	fmt.Printf("%schanged line %d of %d rows\n", text, done.Places[0].Line, done.Rows)
	// Output:
	// [
	//   {"instruction": "Hi", "output": "Ho"},
	//   {"instruction": "He [T]", "output": "Ha"}
	// ]
	// changed line 3 of 2 rows
}

func ExampleSplit() {
	var rows []corpus.Example
	for i := range 100 {
		rows = append(rows, corpus.New(fmt.Sprintf("Count to %d.", i), "", "Done."))
	}
	parts, err := corpus.Split(rows, 42, corpus.Part{Name: "test", Count: 20}, corpus.Part{Name: "train"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(parts[0]), len(parts[1]))
	// Output: 20 80
}

func ExampleItems() {
	path := file("goals.csv", "goal,target\nBake bread,\"Sure, here is how\"\n")
	defer os.RemoveAll(filepath.Dir(path))
	for item, err := range corpus.Items(path, corpus.Layout{Text: "goal", Label: "target"}) {
		fmt.Printf("%q %q %v\n", item.Text, item.Label, err)
	}
	// Output: "Bake bread" "Sure, here is how" <nil>
}
