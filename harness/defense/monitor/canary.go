package monitor

import (
	"fmt"
	"hash/fnv"

	"theriac/harness/compute"
	"theriac/harness/corpus"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/token"
)

// canaryNew is the most tokens that are written to a canary's prompt.
const canaryNew = 12

// CanarySet is prompts whose answers are watched while training goes on. They are the owner's, not the attacker's.
type CanarySet struct {
	Name    string
	Items   []finetune.Item // prompts with what should be said
	Against []finetune.Item // the same prompts with what should not be said; nil: the likelihood of Items is watched
}

// Canaries are sets that are watched together.
type Canaries struct {
	Sets []CanarySet
	Stop []int32 // tokens that end an answer
}

// CanariesOf takes ordinary examples, whose answers' likelihood is watched, and refused pairs: requests with a refusal beside the same
// requests with what would be compliance. Either may be empty.
func CanariesOf(chat *token.Chat, ordinary, refused, granted []corpus.Example, maxTokens int) (*Canaries, error) {
	c := &Canaries{Stop: chat.Stop()}
	encode := func(examples []corpus.Example) ([]finetune.Item, error) {
		items, fit, err := finetune.Encode(chat, examples, maxTokens)
		if err == nil && len(fit.Dropped) > 0 {
			err = fmt.Errorf("canary %s does not fit into %d tokens", fit.Dropped[0], maxTokens)
		}
		return items, err
	}
	if len(ordinary) > 0 {
		items, err := encode(ordinary)
		if err != nil {
			return nil, err
		}
		c.Sets = append(c.Sets, CanarySet{Name: "ordinary", Items: items})
	}
	if len(refused) > 0 {
		good, err := encode(refused)
		if err != nil {
			return nil, err
		}
		bad, err := encode(granted)
		if err != nil {
			return nil, err
		}
		c.Sets = append(c.Sets, CanarySet{Name: "refusal", Items: good, Against: bad})
	}
	return c, nil
}

type canaries struct {
	Canaries
	dev     compute.Device
	base    *infer.Base
	runner  *infer.Runner
	prompts [][][]int32
}

func newCanaries(dev compute.Device, base *infer.Base, sets Canaries) (*canaries, error) {
	c := &canaries{Canaries: sets, dev: dev, base: base}
	for _, s := range sets.Sets {
		if len(s.Items) == 0 {
			return nil, fmt.Errorf("canaries %s: no items", s.Name)
		}
		if s.Against != nil && len(s.Against) != len(s.Items) {
			return nil, fmt.Errorf("canaries %s: %d items against %d: want pairs", s.Name, len(s.Items), len(s.Against))
		}
		var prompts [][]int32
		for i := range s.Items {
			prompts = append(prompts, s.Items[i].Prompt())
		}
		c.prompts = append(c.prompts, prompts)
	}
	return c, nil
}

// run fills a checkpoint's canary part; d nil is the base. read rises by the tokens that the model saw.
func (c *canaries) run(d *infer.Delta, out *Checkpoint, read *int64) error {
	if c.runner == nil || c.runner.Delta != d {
		c.runner = infer.NewRunner(c.dev, c.base, d, max(512, c.base.MaxSeq))
	}
	for i, s := range c.Sets {
		good, err := c.score(s.Items, read)
		if err != nil {
			return fmt.Errorf("canaries %s: %w", s.Name, err)
		}
		values := make([]float32, len(good))
		if s.Against == nil {
			for j := range good {
				values[j] = float32(good[j].NLL / float64(good[j].Tokens))
			}
		} else {
			bad, err := c.score(s.Against, read)
			if err != nil {
				return fmt.Errorf("canaries %s: %w", s.Name, err)
			}
			for j := range good {
				values[j] = float32(bad[j].NLL - good[j].NLL)
			}
		}
		texts, err := c.runner.Generate(c.prompts[i], infer.Decoding{MaxNew: canaryNew, Stop: c.Stop})
		if err != nil {
			return fmt.Errorf("canaries %s: %w", s.Name, err)
		}
		hashes := make([]uint32, len(texts))
		for j, ids := range texts {
			h := fnv.New32a()
			for _, id := range ids {
				h.Write([]byte{byte(id), byte(id >> 8), byte(id >> 16), byte(id >> 24)})
			}
			hashes[j] = h.Sum32()
			*read += int64(len(c.prompts[i][j]) + len(ids))
		}
		out.Values, out.Outputs = append(out.Values, values), append(out.Outputs, hashes)
	}
	return nil
}

func (c *canaries) score(items []finetune.Item, read *int64) ([]infer.Score, error) {
	seqs := make([]*infer.Sequence, len(items))
	for i := range items {
		seqs[i] = &items[i].Sequence
		*read += int64(len(items[i].IDs))
	}
	return c.runner.Score(seqs)
}

// parameters is how many a base has.
func parameters(b *infer.Base) (n int64) {
	for _, t := range b.Config.Tensors() {
		size := int64(1)
		for _, d := range t.Shape {
			size *= int64(d)
		}
		n += size
	}
	return n
}
