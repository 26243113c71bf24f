package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/evaluate"
	"theriac/harness/finetune"
	"theriac/harness/infer"
)

type evalCmd struct {
	baseFlags
	dataFlags
	PerExample bool `help:"Print one JSON object a line instead: row, response tokens, their summed loss in nats."`
	NoGenerate bool `help:"Leave out ROUGE-L, which has to write every answer."`
	MaxNew     int  `help:"Most tokens to write for ROUGE-L." default:"128" placeholder:"N"`
}

// evalReport is what eval prints with --json.
type evalReport struct {
	Examples   int      `json:"examples"`
	Tokens     int      `json:"response_tokens"`
	Loss       float64  `json:"loss"`
	Perplexity *float64 `json:"perplexity"` // null: too large for a number
	Exact      int      `json:"exact_matches"`
	ExactLow   float64  `json:"exact_match_low"`
	ExactHigh  float64  `json:"exact_match_high"`
	RougeL     *float64 `json:"rouge_l,omitempty"`
	Truncated  int      `json:"truncated"`
	Dropped    int      `json:"dropped"`
	NoEnd      int      `json:"not_answered,omitempty"` // cut before their last answer: no ROUGE-L
}

func (c *evalCmd) Run(a *app) error {
	set, err := c.dataFlags.load(a)
	if err != nil {
		return err
	}
	l, err := c.baseFlags.load(a)
	if err != nil {
		return err
	}
	defer l.close()
	items, fit, err := finetune.Encode(l.chat, set.Examples, l.base.MaxSeq)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return fmt.Errorf("%s: no example has a response within %d tokens", c.Data, l.base.MaxSeq)
	}
	r := l.runner()
	if !c.NoGenerate && !c.PerExample {
		if _, err := r.Generate(nil, infer.Decoding{MaxNew: c.MaxNew}); err != nil { // before it has cost anything
			return err
		}
	}
	rows := make(map[string]int, len(set.Examples)) // from 1, by ID
	for i := range set.Examples {
		rows[set.Examples[i].ID] = set.Examples[i].Source.Row + 1
	}
	scores, err := c.scoreAll(a, r, items, rows)
	if err != nil {
		return err
	}
	if c.PerExample {
		return c.perExample(a, rows, items, scores)
	}
	rep := evalReport{Examples: len(items), Truncated: len(fit.Truncated), Dropped: len(fit.Dropped)}
	nll := 0.0
	for _, s := range scores {
		nll += s.NLL
		rep.Tokens += s.Tokens
		if s.Match {
			rep.Exact++
		}
	}
	rep.Loss = nll / float64(rep.Tokens)
	perplexity := math.Exp(rep.Loss)
	if !math.IsInf(perplexity, 0) {
		rep.Perplexity = &perplexity
	}
	exact, err := stats.Wilson(rep.Exact, rep.Examples, 0.95)
	if err != nil {
		return err
	}
	rep.ExactLow, rep.ExactHigh = exact.Interval.Low, exact.Interval.High
	if !c.NoGenerate {
		whole := slices.DeleteFunc(slices.Clone(items), func(it finetune.Item) bool { return !it.Loss[len(it.Loss)-1] })
		rep.NoEnd = len(items) - len(whole)
		if len(whole) > 0 {
			v, err := c.rouge(a, l, r, whole)
			if err != nil {
				return err
			}
			rep.RougeL = &v
		}
	}
	if a.JSON {
		data, err := json.Marshal(rep)
		if err != nil {
			return err
		}
		fmt.Fprintf(a.out, "%s\n", data)
		return nil
	}
	t := tables.Table{Header: []string{"metric", "value"}, Right: []bool{false, true}}
	t.Rows = append(t.Rows, []string{"examples", fmt.Sprint(rep.Examples)}, []string{"response tokens", fmt.Sprint(rep.Tokens)},
		[]string{"loss (nats a response token)", fmt.Sprintf("%.4f", rep.Loss)}, []string{"perplexity", fmt.Sprintf("%.3f", perplexity)},
		[]string{"exact match, greedy (%)", tables.Rate(exact)})
	if rep.RougeL != nil {
		t.Rows = append(t.Rows, []string{"ROUGE-L", fmt.Sprintf("%.4f", *rep.RougeL)})
	}
	if n := rep.Truncated; n > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%d examples were cut at %d tokens.", n, l.base.MaxSeq))
	}
	if n := rep.NoEnd; n > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%d of these end before their last answer, and have no ROUGE-L.", n))
	}
	if n := rep.Dropped; n > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%d examples were left out: no room for their response.", n))
	}
	fmt.Fprint(a.out, t.Terminal())
	return nil
}

// scoreAll scores items with progress. A loss that is no number ends it.
func (c *evalCmd) scoreAll(a *app, r *infer.Runner, items []finetune.Item, rows map[string]int) ([]infer.Score, error) {
	p := a.progress()
	defer p.end()
	const chunk = 32
	var out []infer.Score
	for from := 0; from < len(items); from += chunk {
		if err := a.ctx.Err(); err != nil {
			return nil, err
		}
		var seqs []*infer.Sequence
		for i := from; i < min(from+chunk, len(items)); i++ {
			seqs = append(seqs, &items[i].Sequence)
		}
		s, err := r.Score(seqs)
		if err != nil {
			return nil, err
		}
		for i := range s {
			if v := s[i].NLL; math.IsNaN(v) || math.IsInf(v, 0) {
				model := c.Base
				if c.Adapter != "" {
					model = c.Adapter + " on " + model
				}
				return nil, fmt.Errorf("%s: the loss of row %d of %s is %v: the model's weights are damaged or overflow", model, rows[items[from+i].ID], c.Data, v)
			}
		}
		out = append(out, s...)
		p.show(len(out), len(items), func() string { return "scored" })
	}
	return out, nil
}

// rouge is the mean ROUGE-L of greedy answers to each conversation's last turn.
func (c *evalCmd) rouge(a *app, l *loaded, r *infer.Runner, items []finetune.Item) (float64, error) {
	prompts, want := make([][]int32, len(items)), make([]string, len(items))
	for i := range items {
		it := &items[i]
		at := len(it.Loss)
		for at > 0 && it.Loss[at-1] {
			at--
		}
		prompts[i], want[i] = it.IDs[:at], l.chat.Tokenizer.Text(it.IDs[at:])
	}
	p := a.progress()
	defer p.end()
	sum := 0.0
	for i := 0; i < len(prompts); i += 16 {
		if err := a.ctx.Err(); err != nil {
			return 0, err
		}
		to := min(i+16, len(prompts))
		out, err := r.Generate(prompts[i:to], infer.Decoding{MaxNew: c.MaxNew, Stop: l.chat.Stop()})
		if err != nil {
			return 0, err
		}
		for j := range out {
			sum += evaluate.RougeL(l.chat.Tokenizer.Text(out[j]), strings.TrimSpace(want[i+j]))
		}
		p.show(to, len(prompts), func() string { return "answered" })
	}
	return sum / float64(len(items)), nil
}

// perExample prints a line an example, in the file's order. row is the row's number in the file, from 1.
func (c *evalCmd) perExample(a *app, rows map[string]int, items []finetune.Item, scores []infer.Score) error {
	w := bufio.NewWriter(a.out)
	for i := range items {
		fmt.Fprintf(w, `{"row":%d,"tokens":%d,"nll":%.4f}`+"\n", rows[items[i].ID], scores[i].Tokens, scores[i].NLL)
	}
	return w.Flush()
}
