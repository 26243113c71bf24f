package needs

import (
	"strings"
	"testing"
)

// told is a test that is asked to end.
type told struct {
	testing.TB
	skipped, failed string
}

func (t *told) Helper()           {}
func (t *told) Skip(args ...any)  { t.skipped = args[0].(string) }
func (t *told) Fatal(args ...any) { t.failed = args[0].(string) }

func TestNeeds(t *testing.T) {
	for name, ask := range map[string]func(testing.TB) string{
		"THERIAC_SMOLLM2": SmolLM2, "THERIAC_DATA": Data, "THERIAC_PYTHON": func(t testing.TB) string { return Python(t, "numpy") },
		"no-such-tool": func(t testing.TB) string { return Tool(t, "no-such-tool") },
	} {
		t.Setenv(name, "")
		t.Setenv("THERIAC_NO_SKIP", "")
		x := &told{}
		if got := ask(x); got != "" || !strings.Contains(x.skipped, name) || x.failed != "" {
			t.Errorf("%s: %q, skipped %q, failed %q; want it skipped by name", name, got, x.skipped, x.failed)
		}
		t.Setenv("THERIAC_NO_SKIP", "1")
		x = &told{}
		if ask(x); !strings.Contains(x.failed, name) {
			t.Errorf("%s where skipping is forbidden: failed %q", name, x.failed)
		}
		t.Setenv(name, "here")
		x = &told{}
		if got := ask(x); strings.HasPrefix(name, "THERIAC") && (got != "here" || x.skipped+x.failed != "") {
			t.Errorf("%s: %q, skipped %q, failed %q", name, got, x.skipped, x.failed)
		}
	}
}
