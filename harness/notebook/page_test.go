package notebook

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The page on writing experiments is a script that runs: its blocks in order, those marked "top" outside main.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../lab/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var body, top strings.Builder
	blocks := 0
	for _, m := range regexp.MustCompile("(?s)```go( top)?\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		if blocks++; m[1] != "" {
			top.WriteString(m[2])
		} else {
			body.WriteString("\t//%%\n" + m[2])
		}
	}
	source := "package main\n\nimport (\n\t\"strings\"\n\n\t\"theriac/harness/lab\"\n)\n\nfunc main() {\n" + body.String() + "}\n\n" + top.String()
	out, err := Run(context.Background(), script(t, "page", source), Options{Env: testRoot(t)})
	if err != nil || out.Bad > 0 {
		t.Fatalf("%v, %d failed runs: %v", err, out.Bad, out.Outputs[len(out.Outputs)-1])
	}
	if cells := len(out.Outputs) - 1; blocks != 8 || cells != blocks-1 {
		t.Fatalf("%d blocks, %d cells", blocks, cells)
	}
	for i, cell := range out.Outputs[1:] {
		if len(cell) == 0 {
			t.Errorf("block %d shows nothing", i+1)
		}
	}
}
