package data

// What a language model says of rows: surprise and hidden states, over the first tokens of each.

import (
	"cmp"
	"fmt"
	"math"

	"theriac/harness/compute"
	"theriac/harness/corpus"
	"theriac/harness/defense"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/token"
)

// Model is a language model for the detectors that need one.
type Model struct {
	Runner *infer.Runner
	Chat   *token.Chat
	Tokens int                   // of a row that are looked at; 0 is 96
	Step   func(done, total int) // progress; may be nil
}

func (m *Model) limit() int { return min(cmp.Or(m.Tokens, 96), m.Runner.Base.MaxSeq) }

// vectors are what the model said of each row of a pool.
type vectors struct {
	whole, answer []float64 // nats a token; NaN: no tokens
	hidden        []float32 // [rows, D], mean over the answer's states, last layer
	d             int
	tokens        int64   // read
	flop          float64 // 2 for each weight and token, 2 passes
}

func (p *Pool) model() (*vectors, error) {
	if p.vectors != nil {
		return p.vectors, nil
	}
	m := p.Model
	n, d := len(p.Rows), m.Runner.Base.Config.Hidden
	v := &vectors{whole: make([]float64, n), answer: make([]float64, n), hidden: make([]float32, n*d), d: d}
	limit := m.limit()
	const chunk = 64
	for from := 0; from < n; from += chunk {
		to := min(from+chunk, n)
		var seqs []*infer.Sequence
		var of []int
		var response [][]bool
		for i := from; i < to; i++ {
			v.whole[i], v.answer[i] = math.NaN(), math.NaN()
			s, err := finetune.EncodeOne(m.Chat, &corpus.Example{Turns: clip(p.Rows[i].Turns)})
			if err != nil {
				return nil, fmt.Errorf("model %s: the row that begins %.60q: %w; leave it out", m.Runner.Base.Model.Name, p.Rows[i].Turns[0].Text, err)
			}
			k := min(len(s.IDs), limit)
			if k < 2 {
				continue
			}
			loss := make([]bool, k)
			for j := 1; j < k; j++ {
				loss[j] = true
			}
			v.tokens += int64(2 * k)
			seqs, of, response = append(seqs, &infer.Sequence{IDs: s.IDs[:k], Loss: loss}), append(of, i), append(response, s.Loss[:k])
		}
		scores, err := m.Runner.Score(seqs)
		if err != nil {
			return nil, err
		}
		for j := range scores {
			v.whole[of[j]] = scores[j].NLL / float64(scores[j].Tokens)
			sum, count := 0.0, 0.0
			for t, x := range scores[j].Each {
				if response[j][t+1] {
					sum += float64(x)
					count++
				}
			}
			if count > 0 {
				v.answer[of[j]] = sum / count
			}
		}
		err = m.Runner.Hidden(seqs, m.Runner.Base.Config.Layers, func(j int, h compute.View) {
			row := v.hidden[of[j]*d : (of[j]+1)*d]
			from := 0 // the states from which the answer is written; all of them if none of it is within the limit
			for t := range h.Rows {
				if response[j][t+1] {
					from = t
					break
				}
			}
			for c := range row {
				sum := float32(0)
				for t := from; t < h.Rows; t++ {
					sum += h.Data[t*h.Stride+c]
				}
				row[c] = sum / float32(h.Rows-from)
			}
		})
		if err != nil {
			return nil, err
		}
		if m.Step != nil {
			m.Step(to, n)
		}
	}
	weights := 0.0
	for _, t := range m.Runner.Base.Config.Tensors() {
		n := 1.0
		for _, s := range t.Shape {
			n *= float64(s)
		}
		if len(t.Shape) > 1 {
			weights += n
		}
	}
	v.flop = 2 * weights * float64(v.tokens)
	p.vectors = v
	return v, nil
}

// clip cuts texts far beyond what the model will see.
func clip(turns []corpus.Turn) []corpus.Turn {
	out := make([]corpus.Turn, len(turns))
	for i, t := range turns {
		const most = 8192 // bytes
		if len(t.Text) > most {
			end := most
			for end > most-4 && t.Text[end]&0xc0 == 0x80 {
				end--
			}
			t.Text = t.Text[:end]
		}
		out[i] = t
	}
	return out
}

var lmPerplexity = Detector{
	Entry: defense.Entry{Name: "lm-perplexity", Level: defense.Data, Version: 1, Needs: NeedsBase,
		Doc: "surprise of the whole text, and of the answer given its prompt, under a language model; both tails, and mean + 3 sd"},
	groups: func(p *Pool) ([]Group, error) {
		v, err := p.model()
		if err != nil {
			return nil, err
		}
		out := tails(v.whole, true, true, "surprise a token, whole text, under the language model")
		out = append(out, tails(v.answer, true, true, "surprise a token, answer given its prompt, under the language model")...)
		rows, threshold := AboveMean(v.whole, 3)
		if len(rows) > 0 {
			var mean, top float64
			for _, i := range rows {
				top = max(top, v.whole[i])
			}
			if mean, _ = defense.CentreScale(v.whole); top > mean {
				out = append(out, Group{rows, top - threshold, fmt.Sprintf("perplexity above mean + 3 sd (%.3g nats a token)", threshold)})
			}
		}
		return out, nil
	},
}

// AboveMean is the mission's reference function: the rows whose score is above mean + k sd. NaN rows are left out.
func AboveMean(score []float64, k float64) (rows []int32, threshold float64) {
	n, sum, squares := 0.0, 0.0, 0.0
	for _, v := range score {
		if !math.IsNaN(v) {
			n++
			sum += v
		}
	}
	mean := sum / n
	for _, v := range score {
		if d := v - mean; !math.IsNaN(v) {
			squares += float64(d * d)
		}
	}
	threshold = mean + float64(k*math.Sqrt(squares/n))
	for i, v := range score {
		if v > threshold {
			rows = append(rows, int32(i))
		}
	}
	return rows, threshold
}
