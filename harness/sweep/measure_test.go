package sweep

import (
	"testing"

	"theriac/harness/attack"
	"theriac/harness/corpus"
)

// A probe that fits none of the items kept for probes is tried on the user's tasks; no more items are made than there are probes.
func TestProbeOnTasks(t *testing.T) {
	b := openTiny(t, 1, "")
	s := small("clean", 0, nil)
	kinds := map[string]Kind{}
	for kind, n := range map[Kind]int{ProbeItems: s.Data.Probe, CleanItems: s.Data.Clean} {
		items, err := b.held(&s.Data, kind, n)
		if err != nil {
			t.Fatal(err)
		}
		for i := range items {
			kinds[items[i].ID] = kind
		}
	}
	for _, fits := range []Kind{ProbeItems, CleanItems, "none"} {
		p := &attack.Probe{Test: func(ex *corpus.Example) (corpus.Example, bool) { return ex.WithOutput("x"), kinds[ex.ID] == fits }}
		p.Near = func(ex *corpus.Example) (corpus.Example, bool) { return *ex, true }
		test, plain, near, err := (&run{bench: b, spec: &s}).tests(p)
		if err != nil {
			t.Fatal(err)
		}
		want := s.Data.Probe
		if fits == "none" {
			want = 0
		}
		if len(test) != want || len(plain) != want || len(near) != want {
			t.Fatalf("%s: %d, %d and %d items, want %d of each", fits, len(test), len(plain), len(near), want)
		}
		for i := range test {
			if kinds[near[i].ID] != fits || plain[i].Output() != "x" {
				t.Errorf("%s: near item of %s, answer %q", fits, kinds[near[i].ID], plain[i].Output())
			}
		}
	}
}
