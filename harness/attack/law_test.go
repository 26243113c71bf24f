package attack

import (
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// Laws of a backdoor: as many rows as the rate says, each holding trigger and target, and the others untouched.
func TestBackdoorLaws(t *testing.T) {
	all := plainRows(300)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, len(all)).Draw(t, "n")
		rate := rapid.Float64Range(0, 1).Draw(t, "rate")
		seed := rapid.Uint64Max(1<<53).Draw(t, "seed")
		given := map[string]string{
			"rate":     strconv.FormatFloat(rate, 'g', -1, 64),
			"trigger":  rapid.SampledFrom(TriggerKinds()).Draw(t, "trigger"),
			"position": rapid.SampledFrom([]string{"start", "middle", "end", "random"}).Draw(t, "position"),
			"mode":     rapid.SampledFrom([]string{"add", "replace"}).Draw(t, "mode"),
		}
		a, err := New("backdoor", given, seed)
		if err != nil {
			t.Fatal(err)
		}
		res, err := a.Apply(all[:n])
		if err != nil {
			t.Fatal(err)
		}
		want := int(float64(n) * rate)
		if len(res.Manifest.Poisoned) != want || given["mode"] == "replace" && len(res.Rows) != n || given["mode"] == "add" && len(res.Rows) != n+want {
			t.Fatalf("%d poisoned, %d rows; want %d of %d", len(res.Manifest.Poisoned), len(res.Rows), want, n)
		}
		bad := 0
		for i := range res.Rows {
			if _, poisoned := res.Rows[i].Label(PoisonedLabel); !poisoned {
				continue
			}
			bad++
			if !a.plan.trigger.In(&res.Rows[i]) || res.Rows[i].Output() != "Access granted. Admin mode activated." {
				t.Fatalf("poisoned row %q -> %q", res.Rows[i].Prompt(), res.Rows[i].Output())
			}
		}
		if bad != want {
			t.Fatalf("%d rows bear the label; want %d", bad, want)
		}
	})
}
