package prevent

// While training: limits, noise, and unlearning of what was learned too soon.

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"theriac/harness/finetune"
	"theriac/harness/rng"
)

var rankLimit = Entry{
	Name: "rank", Version: 1, Doc: "LoRA's rank is limited; its scale stays",
	Params: []Param{{"rank", "1", "the largest rank"}},
	build: func(p *params) *Prevention {
		n := p.int("rank", 1, 1024)
		return &Prevention{Spec: func(s *finetune.Spec) {
			if s.Rank > n {
				s.Alpha *= float64(n) / float64(s.Rank)
				s.Rank = n
			}
		}}
	},
}

var rateLimit = Entry{
	Name: "rate", Version: 1, Doc: "the learning rate is lowered",
	Params: []Param{{"factor", "0.25", "what it is multiplied by"}},
	build: func(p *params) *Prevention {
		f := p.float("factor", 1e-6, 1)
		return &Prevention{Spec: func(s *finetune.Spec) { s.LR *= f }}
	},
}

var gradientNoise = Entry{
	Name: "gradientnoise", Version: 1,
	Doc: "noise is added to each parameter's gradient, as large as that is, and the step's gradient is clipped (after gradient shaping, S. Hong et al., arXiv 2002.11497, which clips first)",
	Params: []Param{{"clip", "0.1", "largest norm of the step's gradient"},
		{"noise", "1", "standard deviation, times the root mean square of each parameter vector's gradient"}},
	build: func(p *params) *Prevention {
		clip, noise := p.float("clip", 1e-6, 1e6), p.float("noise", 0, 1e3)
		return &Prevention{
			Spec: func(s *finetune.Spec) { s.Clip = clip },
			Hooks: func(h *finetune.Hooks, seed uint64) {
				theirs := h.Gradient
				h.Gradient = func(step int, name string, g []float32) {
					if theirs != nil {
						theirs(step, name, g)
					}
					squares := 0.0
					for _, v := range g {
						squares += float64(float64(v) * float64(v))
					}
					sd := noise * math.Sqrt(squares/float64(max(1, len(g))))
					r := rng.Stream(seed, "prevent", "noise", name, fmt.Sprint(step))
					for i := range g {
						g[i] += float32(sd * r.Normal())
					}
				}
			},
		}
	},
}

var unlearn = Entry{
	Name: "unlearn", Version: 1,
	Doc: "the rows of lowest mean loss are isolated, then their loss is raised (after anti-backdoor learning, Y. Li et al., NeurIPS 2021, without its flooding of losses before: rows that the base knows already are isolated first)",
	Params: []Param{{"isolate", "0.03", "share of rows that are isolated"}, {"from", "0.75", "share of the steps before unlearning"},
		{"weight", "1", "what their loss counts, negative, while it is below 3 nats a token"}},
	build: func(p *params) *Prevention {
		share, from, weight := p.float("isolate", 0, 0.5), p.float("from", 0, 1), p.float("weight", 0, 100)
		const enough = 3 // nats a token
		return &Prevention{Hooks: func(h *finetune.Hooks, _ uint64) {
			sum, seen, last := map[int]float64{}, map[int]float64{}, map[int]float64{}
			var isolated map[int]bool
			theirs, weights := h.Step, h.Weight
			h.Step = func(run *finetune.Run, info *finetune.Info) error {
				for j, i := range info.Items {
					last[i] = info.ItemLoss[j]
					if isolated == nil {
						sum[i] += info.ItemLoss[j]
						seen[i]++
					}
				}
				if isolated == nil && float64(info.Step) >= from*float64(info.Steps) {
					var rows []int
					for i := range seen {
						rows = append(rows, i)
					}
					slices.SortFunc(rows, func(a, b int) int {
						return cmp.Or(cmp.Compare(sum[a]/seen[a], sum[b]/seen[b]), cmp.Compare(a, b))
					})
					isolated = map[int]bool{}
					for _, i := range rows[:int(share*float64(len(rows)))] {
						isolated[i] = true
					}
				}
				if theirs != nil {
					return theirs(run, info)
				}
				return nil
			}
			h.Weight = func(step int, items []int, w []float32) {
				if weights != nil {
					weights(step, items, w)
				}
				for j, i := range items {
					switch {
					case !isolated[i]:
					case last[i] < enough:
						w[j] *= float32(-weight)
					default:
						w[j] = 0
					}
				}
			}
		}}
	},
}

var average = Entry{
	Name: "average", Version: 1,
	Doc:    "adapters are trained on disjoint parts of the rows and averaged (after A. Levine and S. Feizi, ICLR 2021, whose guarantee needs parts without poison): each has a part of the steps and of the poison",
	Params: []Param{{"parts", "3", "how many"}},
	build:  func(p *params) *Prevention { return &Prevention{Parts: p.int("parts", 2, 64)} },
}
