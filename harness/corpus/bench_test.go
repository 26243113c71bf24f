package corpus

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkRewrite50k is theriac attack backdoor on a 50,000-row file in Alpaca's
// layout: digest, read, change 3 %, write, digest.
func BenchmarkRewrite50k(b *testing.B) {
	dir := b.TempDir()
	in := filepath.Join(dir, "in.json")
	var text strings.Builder
	for i := range 50000 {
		sep := "[\n"
		if i > 0 {
			sep = ",\n"
		}
		fmt.Fprintf(&text, "%s    {\n        \"instruction\": \"Describe the thing of number %d in a sentence or two.\",\n        \"input\": \"\",\n        \"output\": %s\n    }",
			sep, i, quote(strings.Repeat("A plain \"sentence\" with words in it.\n", 8), false))
	}
	text.WriteString("\n]")
	if err := os.WriteFile(in, []byte(text.String()), 0o644); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	for b.Loop() {
		_, err := Rewrite(in, filepath.Join(dir, "out.json"), Options{}, func(row int, ex *Example) (bool, []Example, error) {
			if row%33 != 0 {
				return false, nil, nil
			}
			*ex = ex.WithPrompt(ex.Prompt() + " [T]")
			return true, nil, nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}
