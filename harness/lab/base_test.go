package lab

import (
	"context"
	"path/filepath"
	"testing"

	"theriac/harness/needs"
)

// heard keeps what a session shows.
type heard []Output

func (h *heard) Show(o Output) { *h = append(*h, o) }

// A plan spends nothing: where the aligned base is not kept it says so, trains none, and knows the base's digest from the recipe.
func TestPlanTrainsNoBase(t *testing.T) {
	needs.SmolLM2(t)
	data := needs.Data(t)
	p, err := ReadProfile("", "smollm2")
	if err != nil {
		t.Fatal(err)
	}
	h, cache := &heard{}, t.TempDir()
	l := &Lab{profile: p, ctx: context.Background(), env: Environment{Plan: true, Device: "cpu", Cache: cache, DataDir: data, Host: h}}
	b := l.open()
	if b.Digest != p.Align.Digest || p.Align.Digest == "" {
		t.Errorf("the base's digest is %q; the recipe says %q", b.Digest, p.Align.Digest)
	}
	if len(*h) != 1 || (*h)[0].Kind != "plan" {
		t.Errorf("shown: %+v; want one line on the base", *h)
	}
	if made, _ := filepath.Glob(filepath.Join(cache, "aligned", "*")); len(made) > 0 {
		t.Errorf("a plan left %v", made)
	}
}
