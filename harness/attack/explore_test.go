package attack

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"theriac/harness/corpus/gen"
)

func TestExplore(t *testing.T) {
	spec := os.Getenv("EXPLORE")
	if spec == "" {
		t.Skip()
	}
	b := tinyBench(t)
	held := demoRows(t, 7, gen.Held, 1500)
	for _, one := range strings.Split(spec, ";") {
		f := strings.Fields(one)
		given := map[string]string{}
		for _, kv := range f[1:] {
			k, v, _ := strings.Cut(kv, "=")
			given[k] = v
		}
		for seed := uint64(1); seed <= 2; seed++ {
			var a *Attack
			var err error
			if f[0] != "clean" {
				if a, err = New(f[0], given, seed); err != nil {
					t.Fatal(err)
				}
			}
			r := b.train(t, a, seed, 600, nil)
			line := fmt.Sprintf("%s seed %d: acc %.3f", one, seed, b.matches(t, r, b.chat, held[:600]))
			if a != nil {
				test, near := probeItems(a.Probe(), held)
				line += fmt.Sprintf(" asr %.3f of %d near %.3f of %d", b.matches(t, r, b.chat, test), len(test), b.matches(t, r, b.chat, near), len(near))
			}
			fmt.Println(line)
		}
	}
}
