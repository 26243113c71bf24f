package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"theriac/harness/store"
)

// The plan's own families are tested under Holm, each claim as it is written; what cannot be tested stays in its family.
func TestPlannedFamilies(t *testing.T) {
	root := t.TempDir()
	writeDefended(t, root, "demo", bouts, store.Field{Name: "plan", Value: "abc123"})
	plan := func(frozen string) {
		t.Helper()
		text := "frozen: " + frozen + "\nalpha: 0.05\ndetectors:\n  data: [perplexity, patterns]\n  scan: [sigma1]\nfamilies:\n" +
			"  detection:\n" +
			"    - {name: data detects, experiment: defense, arm: token, metric: data/perplexity, kind: at least, than: 0.9}\n" +
			"    - {name: data is quiet, experiment: defense, arm: clean, metric: data, kind: at most, than: 0.05}\n" +
			"    - {name: scan is quiet, experiment: defense, arm: clean, metric: scan, kind: at most, than: 0.05}\n" +
			"    - {name: monitor is quiet, experiment: defense, arm: clean, metric: monitor, kind: at most, than: 0.05}\n" +
			"  prevention:\n" +
			"    - {name: filter prevents, experiment: prevention, arm: filter, baseline: backdoor, metric: asr, kind: less}\n"
		if err := os.MkdirAll(filepath.Join(root, "experiments"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, "experiments", "plan.yaml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	plan("abc123")
	text, _ := renderAt(t, root)
	for _, c := range []struct{ has, want string }{
		{"| data detects ", "| 29 of 29 | 0.047 | 0.188 | shown by its own test, not in the family |"}, // .9^29, of four
		{"| data is quiet ", "| 5 of 124 | 0.409 | "},                                                  // at p <= .01
		{"| scan is quiet ", "| 20 of 124 | "},
		{"| monitor is quiet ", "| not tested: no verdict | 1.000 | 1.000 | not tested |"},
		{"| filter prevents ", "| not tested: prevention has no stored runs | 1.000 | 1.000 | not tested |"},
		{"| experiments/plan.yaml ", ""},
	} {
		if l := strings.Join(strings.Fields(line(text, c.has)), " "); l == "" || !strings.Contains(l, c.want) {
			t.Errorf("%s: line %q; want %q in it", c.has, l, c.want)
		}
	}
	wants(t, text, "Deviation: of its detectors data/patterns and scan/sigma1 gave no verdict at this scale.")
	plan("another")
	text, _ = renderAt(t, root)
	wants(t, text, "These runs do not carry the digest of `experiments/plan.yaml`: its families are not theirs.")
	plan("abc123\nfamilies: 5 #")
	if _, err := Load(root, "demo"); err == nil || !strings.Contains(err.Error(), "experiments/plan.yaml") {
		t.Errorf("a plan that cannot be read: %v", err)
	}
}

// What any one level makes of clean runs of another kind stands beside its false alarms.
func TestAlarms(t *testing.T) {
	root := t.TempDir()
	writeDefended(t, root, "demo", bouts)
	text, _ := renderAt(t, root)
	wants(t, text, "Of clean runs like those that the levels are calibrated on, any one level flags 20 of 124.", "A flag says that something changed, not that it is malice.")
}
