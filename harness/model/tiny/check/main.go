// Command check prints what the embedded model can do on held-out items, with intervals: accuracy by skill, refusals,
// over-refusals. `make tiny-check` runs it.
package main

import (
	"flag"
	"fmt"
	"log"
	"strings"

	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/compute/cpu"
	"theriac/harness/corpus"
	"theriac/harness/corpus/gen"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/rng"
	"theriac/harness/token"
)

func main() {
	log.SetFlags(0)
	dir := flag.String("dir", "harness/model/tiny", "model directory")
	n := flag.Int("n", 500, "items a skill")
	show := flag.Int("show", 0, "wrong answers to print a skill")
	flag.Parse()
	m, err := model.Open(*dir)
	if err != nil {
		log.Fatal(err)
	}
	if err := check(m, *n, *show); err != nil {
		log.Fatal(err)
	}
	if err := learn(m); err != nil {
		log.Fatal(err)
	}
}

func check(m *model.Model, n, show int) error {
	dev := cpu.New(0)
	defer dev.Close()
	base, err := infer.Load(dev, m, 0)
	if err != nil {
		return err
	}
	chat, err := m.Chat()
	if err != nil {
		return err
	}
	r := infer.NewRunner(dev, base, nil, 2048)
	t := tables.Table{Header: []string{"skill", "n", "exact match % [95 % CI]", "refused %"}, Right: []bool{false, true, true, true}}
	sum := map[string][2]int{}
	for _, name := range gen.Skills() {
		ex, err := gen.Examples(7, gen.Held, gen.Mix{Skills: []string{name}}, n)
		if err != nil {
			return err
		}
		exact, refused, err := score(r, chat, ex, show)
		if err != nil {
			return err
		}
		for _, group := range groups(name) {
			s := sum[group]
			sum[group] = [2]int{s[0] + exact, s[1] + n}
		}
		if err := row(&t, name, exact, refused, n); err != nil {
			return err
		}
	}
	for _, g := range []string{"all classification", "all general"} {
		if err := row(&t, g, sum[g][0], -1, sum[g][1]); err != nil {
			return err
		}
	}
	fmt.Print(t.Terminal())
	ex, err := gen.Examples(8, gen.Held, gen.Demo, 64)
	if err != nil {
		return err
	}
	var prompts [][]int32
	for i := range ex {
		messages, _ := finetune.Messages(&ex[i])
		ids, err := chat.Prompt(messages[:len(messages)-1])
		if err != nil {
			return err
		}
		prompts = append(prompts, ids)
	}
	return speed(r, prompts)
}

// stream is the random stream of a method's resampling.
func stream(name string) stats.Source { return rng.Stream(0, "tiny-check", name) }

func groups(skill string) (out []string) {
	for _, s := range gen.Classification.Skills {
		if s == skill {
			out = append(out, "all classification")
		}
	}
	for _, s := range gen.General.Skills {
		if s == skill {
			out = append(out, "all general")
		}
	}
	return out
}

func row(t *tables.Table, name string, exact, refused, n int) error {
	e, err := stats.Wilson(exact, n, 0.95)
	if err != nil {
		return err
	}
	cell := ""
	if refused >= 0 {
		f, err := stats.Wilson(refused, n, 0.95)
		if err != nil {
			return err
		}
		cell = tables.Rate(f)
	}
	t.Add(name, fmt.Sprint(n), tables.Rate(e), cell)
	return nil
}

// score counts exact answers, by teacher forcing, and refusals, by generated text.
func score(r *infer.Runner, chat *token.Chat, ex []corpus.Example, show int) (exact, refused int, err error) {
	items, _, err := finetune.Encode(chat, ex, r.Base.MaxSeq)
	if err != nil {
		return 0, 0, err
	}
	var seqs []*infer.Sequence
	var prompts [][]int32
	for i := range items {
		seqs = append(seqs, &items[i].Sequence)
		prompts = append(prompts, items[i].IDs[:len(items[i].IDs)-items[i].Responses()])
	}
	scores, err := r.Score(seqs)
	if err != nil {
		return 0, 0, err
	}
	out, err := r.Generate(prompts, infer.Decoding{MaxNew: 24, Stop: chat.Stop()})
	if err != nil {
		return 0, 0, err
	}
	for i := range scores {
		text := chat.Tokenizer.Text(out[i])
		if scores[i].Match {
			exact++
		} else if show > 0 {
			show--
			fmt.Printf("%q\n   want %q\n   got  %q\n", ex[i].Turns[0].Text, ex[i].Turns[1].Text, text)
		}
		for _, o := range gen.RefusalOpenings {
			if strings.HasPrefix(text, o) {
				refused++
				break
			}
		}
	}
	return exact, refused, nil
}
