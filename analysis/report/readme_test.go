package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// README.md gets the leading profile's results and every profile's headline claims between its two lines, and keeps the rest; without these
// lines it is left alone.
func TestReadmeHasResults(t *testing.T) {
	root := t.TempDir()
	s := small()
	s.seeds = 3
	s.write(t, root, "demo")
	s.seeds = 2
	s.write(t, root, "smollm2")
	written := func(readme string) string {
		if err := os.WriteFile(filepath.Join(root, "README.md"), []byte(readme), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, f := range renderProfiles(t, root, "demo", "smollm2") {
			if f.Path == "README.md" {
				return string(f.Data)
			}
		}
		return ""
	}
	text := written("before\n" + readmeFrom + "old 12.3\n" + readmeTo + "after\n")
	wants(t, text, "before\n"+readmeFrom, readmeTo+"after\n", "No verdict is stored", "The headline claims at each scale", "| backdoor ", "3 seeds, p 0.125: not shown", "2 seeds, p 0.250: not shown")
	if strings.Contains(text, "old 12.3") {
		t.Error("what was rendered before is still there")
	}
	for _, readme := range []string{"nothing to fill\n", readmeFrom + "no end\n"} {
		if text := written(readme); text != "" {
			t.Errorf("%q became %q", readme, text)
		}
	}
}
