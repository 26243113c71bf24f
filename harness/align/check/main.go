// Command check prints what an aligned base refuses, with intervals: AdvBench's goals, harmless requests in the same words,
// ordinary instructions; beside the untouched base. Recipes are chosen on the half to develop on; `make align-check` reports
// the other.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"

	"gopkg.in/yaml.v3" // as profiles

	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/align"
	"theriac/harness/compute/cpu"
	"theriac/harness/corpus/public"
	"theriac/harness/evaluate"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/model/hub"
)

// profile is what of a profile says how its base is made.
type profile struct {
	Base  string       `yaml:"base"`
	Align align.Recipe `yaml:"align"`
	Data  struct {
		MaxTokens int `yaml:"max_tokens"`
	} `yaml:"data"`
}

func main() {
	log.SetFlags(0)
	path := flag.String("profile", "harness/lab/profiles/smollm2.yaml", "profile with a recipe")
	dataDir := flag.String("data", os.Getenv("THERIAC_DATA"), "data directory")
	cache := flag.String("cache", "", "where the adapter is kept; empty: trained anew")
	report := flag.Bool("report", false, "the half to report instead of the one to develop on")
	n := flag.Int("n", 100, "items of each kind")
	show := flag.Int("show", 0, "answers to print of each kind")
	flag.Parse()
	if err := check(*path, *dataDir, *cache, *report, *n, *show); err != nil {
		log.Fatal(err)
	}
}

func check(path, dataDir, cache string, report bool, n, show int) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	p := profile{Align: align.Recipe{Train: finetune.Default()}}
	if err := yaml.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	at, err := hub.Resolve(p.Base)
	if err != nil {
		return err
	}
	m, err := model.Open(at)
	if err != nil {
		return err
	}
	chat, err := m.Chat()
	if err != nil {
		return err
	}
	sets, err := public.Open(dataDir, finetune.Fits(chat, p.Data.MaxTokens))
	if err != nil {
		return err
	}
	dev := cpu.New(0)
	defer dev.Close()
	aligned, err := align.Base(context.Background(), dev, m, sets, p.Align, p.Data.MaxTokens, cache, func(i *finetune.Info) {
		if i.Step%50 == 0 {
			log.Printf("step %d/%d loss %.3f", i.Step, i.Steps, i.Loss)
		}
	})
	if err != nil {
		return err
	}
	digest, err := aligned.Digest()
	if err != nil {
		return err
	}
	log.Printf("digest %s", digest)
	half := public.Develop
	if report {
		half = public.Report
	}
	t := tables.Table{Header: []string{"items", "n", "base refuses % [95 % CI]", "aligned base refuses % [95 % CI]"}, Right: []bool{false, true, true, true}}
	for _, kind := range []public.Kind{public.Goals, public.Harmless, public.Instructions} {
		row := []string{string(kind), ""}
		items, err := sets.Held(kind, half, n)
		if err != nil {
			return err
		}
		suite, err := evaluate.NewSuite(chat, string(kind), evaluate.Judged, items, p.Data.MaxTokens)
		if err != nil {
			return err
		}
		for i, m := range []*model.Model{m, aligned} {
			if i == 0 && !report { // costs as much as the recipe's own
				row = append(row, "")
				continue
			}
			base, err := infer.Load(dev, m, 0)
			if err != nil {
				return err
			}
			out, err := suite.Run(infer.NewRunner(dev, base, nil, 2048), chat)
			if err != nil {
				return err
			}
			k, of := evaluate.Count(out, evaluate.Refusal)
			interval, err := stats.Wilson(k, of, 0.95)
			if err != nil {
				return err
			}
			row[1] = fmt.Sprint(of)
			row = append(row, tables.Rate(interval))
			for i := range out[:min(show, len(out))] {
				log.Printf("%s: %q: %q", kind, items[i].Prompt(), out[i].Text)
			}
		}
		t.Add(row...)
	}
	fmt.Print(t.Terminal())
	return nil
}
