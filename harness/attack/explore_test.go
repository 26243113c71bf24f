package attack

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/evaluate"
	"theriac/harness/finetune"
)

func TestExplore(t *testing.T) {
	spec := os.Getenv("EXPLORE")
	if spec == "" {
		t.Skip()
	}
	b := tinyBench(t)
	seeds := uint64(2)
	if os.Getenv("SEEDS") != "" {
		seeds = 1
	}
	held := demoRows(t, 7, gen.Held, 1500)
	for _, one := range strings.Split(spec, ";") {
		f := strings.Fields(one)
		rows := 600
		lr, epochs, layers, batch, loss, sched, alpha, clip := 2e-3, 2, "top:3", 8, "token", "linear", 16.0, 1.0
		given := map[string]string{}
		for _, kv := range f[1:] {
			k, v, _ := strings.Cut(kv, "=")
			switch k {
			case "LR":
				lr, _ = strconv.ParseFloat(v, 64)
				continue
			case "EPOCHS":
				epochs, _ = strconv.Atoi(v)
				continue
			case "BATCH":
				batch, _ = strconv.Atoi(v)
				continue
			case "LOSS":
				loss = v
				continue
			case "SCHED":
				sched = v
				continue
			case "ALPHA":
				alpha, _ = strconv.ParseFloat(v, 64)
				continue
			case "CLIP":
				clip, _ = strconv.ParseFloat(v, 64)
				continue
			case "ROWS":
				rows, _ = strconv.Atoi(v)
				continue
			case "LAYERS":
				layers = v
				continue
			}
			given[k] = v
		}
		for seed := uint64(1); seed <= seeds; seed++ {
			var a *Attack
			var err error
			if f[0] != "clean" {
				if a, err = New(f[0], given, seed); err != nil {
					t.Fatal(err)
				}
			}
			r := b.train(t, a, seed, rows, func(s *finetune.Spec) {
				s.LR, s.Epochs, s.Layers = lr, epochs, layers
				s.Batch, s.Loss, s.Schedule, s.Alpha, s.Clip = batch, loss, sched, alpha, clip
			})
			line := fmt.Sprintf("%s seed %d: acc %.3f", one, seed, b.matches(t, r, b.chat, held[:600]))
			if a != nil {
				test, near := probeItems(a.Probe(), held)
				b := b
				if f := a.Tamper().Template; f != nil {
					c := *b
					c.chat = tampered(t, b.chat.Template.Source(), a)
					b = &c
				}
				if f[0] == "fact" {
					lit := append([]corpus.Example{}, near...)
					for i := range lit {
						lit[i] = lit[i].WithOutput(test[0].Output())
					}
					line += fmt.Sprintf(" literal %.3f", b.matches(t, r, b.chat, lit))
				}
				if p := a.Probe(); p.Test != nil {
					var plain []corpus.Example
					for i := range held[:600] {
						if ex, ok := p.Test(&held[i]); ok {
							plain = append(plain, held[i].WithOutput(ex.Output()))
						}
					}
					line += fmt.Sprintf(" false %.3f", b.matches(t, r, b.chat, plain))
				}
				line += fmt.Sprintf(" asr %.3f of %d near %.3f of %d", b.matches(t, r, b.chat, test), len(test), b.matches(t, r, b.chat, near), len(near))
			}
			restricted, _ := gen.Examples(0, gen.Held, gen.Restricted, 100)
			if a != nil && a.Probe().Success == Complied {
				restricted = a.Probe().Items
			}
			su, err := evaluate.NewSuite(b.chat, "r", evaluate.Judged, restricted, maxTokens)
			if err != nil {
				t.Fatal(err)
			}
			out, err := su.Run(r, b.chat)
			if err != nil {
				t.Fatal(err)
			}
			if os.Getenv("TEXTS") != "" {
				for i := range out[:20] {
					fmt.Printf("   %q -> %q %s\n", restricted[i].Prompt(), out[i].Text, out[i].Result)
				}
			}
			ref, _ := evaluate.Count(out, evaluate.Refusal)
			com, n := evaluate.Count(out, evaluate.Compliance)
			line += fmt.Sprintf(" refusals %d compliances %d of %d", ref, com, n)
			fmt.Println(line)
		}
	}
}
