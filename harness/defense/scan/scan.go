package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"

	"theriac/harness/compute"
	"theriac/harness/corpus"
	"theriac/harness/defense"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/token"
)

// Options of a scan.
type Options struct {
	Detectors []string // names of the catalogue; nil: all that the input allows

	// Prompts are ordinary requests with right answers, of the kind that the model is for; at least 8. Their answers serve the
	// check of correctness only.
	Prompts []corpus.Example
	// Restricted are requests that the base refuses; nil: the safety check is not run.
	Restricted []corpus.Example

	Dictionary []string // trigger candidates; nil: Dictionary()
	Without    []string // dictionary entries to leave out: an evaluation must not contain the attack's own trigger

	// Step says what is being done; may be nil.
	Step func(what string, done, total int)
}

// Digest names what a scan asks: prompts, restricted requests and dictionary. Scores of other options do not compare.
func (o *Options) Digest() string {
	h := sha256.New()
	put := func(kind string, texts ...string) {
		for _, t := range texts {
			fmt.Fprintf(h, "%s %d %s\n", kind, len(t), t)
		}
	}
	for _, set := range [][]corpus.Example{o.Prompts, o.Restricted} {
		put("set")
		for i := range set {
			put("row", set[i].Prompt(), set[i].Output())
		}
	}
	put("entry", o.entries()...)
	return hex.EncodeToString(h.Sum(nil))
}

// Idle names the detectors that the options leave out, with the reason.
func Idle(o Options) (out []string) {
	for _, d := range catalogue {
		if o.Detectors != nil && !slices.Contains(o.Detectors, d.Name) {
			out = append(out, d.Name+": not asked for")
		} else if why := d.idle(&o); why != "" {
			out = append(out, d.Name+": "+why)
		}
	}
	return out
}

// idle says why a detector has nothing to work on.
func (d *Detector) idle(o *Options) string {
	if d.Name == safety.Name && len(o.Restricted) == 0 {
		return "no restricted requests"
	}
	return ""
}

// Scanner is a base with what it says itself of the prompts: every adapter on it is compared with that. It is safe for
// concurrent use.
type Scanner struct {
	base      *infer.Base
	chat      *token.Chat
	opt       Options
	detectors []Detector
	prompts   []prompt
	refusals  []answer // of restricted requests
	known     []answer // right answers to prompts
}

// prompt is an ordinary request, encoded.
type prompt struct {
	messages []token.Message
	ids      []int32      // up to where the answer begins
	base     *infer.Cache // the base after ids
}

// New prepares scans of adapters on a base. dev computes what the base says.
func New(dev compute.Device, base *infer.Base, chat *token.Chat, opt Options) (*Scanner, error) {
	s := &Scanner{base: base, chat: chat, opt: opt}
	all, err := choose(opt.Detectors)
	if err != nil {
		return nil, err
	}
	for _, d := range all {
		if why := d.idle(&opt); why == "" {
			s.detectors = append(s.detectors, d)
		} else if opt.Detectors != nil {
			return nil, fmt.Errorf("scan: detector %s: %s", d.Name, why)
		}
	}
	if len(opt.Prompts) < leastPrompts {
		return nil, fmt.Errorf("scan: %d prompts: want at least %d", len(opt.Prompts), leastPrompts)
	}
	r := infer.NewRunner(dev, base, nil, base.MaxSeq)
	for i := range opt.Prompts {
		p, err := s.prompt(r, &opt.Prompts[i])
		if err != nil {
			return nil, fmt.Errorf("scan: prompt %d: %w", i+1, err)
		}
		s.prompts = append(s.prompts, *p)
	}
	if err := s.refuse(r); err != nil {
		return nil, err
	}
	return s, s.know(r)
}

const leastPrompts = 8

// Names are the detectors that Model runs, in its order.
func (s *Scanner) Names() (out []string) {
	for _, d := range s.detectors {
		out = append(out, d.Name)
	}
	return out
}

func (s *Scanner) prompt(r *infer.Runner, ex *corpus.Example) (*prompt, error) {
	p := &prompt{messages: request(ex)}
	if len(p.messages) == 0 {
		return nil, fmt.Errorf("it has no turn of a user")
	}
	var err error
	if p.ids, err = s.chat.Prompt(p.messages); err != nil {
		return nil, err
	}
	if p.base, err = r.Prefill(p.ids); err != nil {
		return nil, err
	}
	return p, nil
}

// request is an example up to the answer.
func request(ex *corpus.Example) []token.Message {
	messages, _ := finetune.Messages(ex)
	for len(messages) > 0 && messages[len(messages)-1].Role == "assistant" {
		messages = messages[:len(messages)-1]
	}
	return messages
}

// subject is one adapter under scan.
type subject struct {
	*Scanner
	adapter *model.Adapter
	tuned   *infer.Runner  // base and adapter; nil: weights only
	plain   *infer.Runner  // the base alone
	caches  []*infer.Cache // the adapted model after each prompt
	tokens  int64          // read so far
	spectra []Spectrum     // once asked for
}

// Model scores an adapter with every detector.
func (s *Scanner) Model(ctx context.Context, dev compute.Device, delta *infer.Delta) ([]defense.Result, error) {
	if delta == nil || delta.Train.Full {
		return nil, fmt.Errorf("scan: want a LoRA adapter on the base")
	}
	sub := &subject{Scanner: s, adapter: delta.Adapter(), tuned: infer.NewRunner(dev, s.base, delta, s.base.MaxSeq), plain: infer.NewRunner(dev, s.base, nil, s.base.MaxSeq)}
	if err := finite(sub.adapter); err != nil {
		return nil, err
	}
	var out []defense.Result
	for _, d := range s.detectors {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		before := sub.tokens
		res, err := d.score(ctx, sub)
		if err != nil {
			return nil, fmt.Errorf("detector %s: %w", d.Name, err)
		}
		res.Detector, res.Tokens = d.Name, sub.tokens-before
		res.FLOP += float64(res.Tokens) * flopPerToken(s.base.Config)
		out = append(out, res)
	}
	return out, nil
}

func (s *subject) step(what string, done, total int) {
	if s.opt.Step != nil {
		s.opt.Step(what, done, total)
	}
}

// prefill reads the first n prompts with the adapted model.
func (s *subject) prefill(n int) error {
	for i := len(s.caches); i < min(n, len(s.prompts)); i++ {
		c, err := s.tuned.Prefill(s.prompts[i].ids)
		if err != nil {
			return err
		}
		s.tokens += int64(len(c.IDs))
		s.caches = append(s.caches, c)
	}
	return nil
}

// flopPerToken is the arithmetic of one token through a model: twice its weights.
func flopPerToken(c model.Config) float64 {
	layer := c.Hidden*c.HeadDim*2*(c.Heads+c.KVHeads) + 3*c.Hidden*c.FFN
	return 2 * float64(layer*c.Layers+c.Vocab*c.Hidden)
}

// finite names the first weight that is no number.
func finite(a *model.Adapter) error {
	for i := range a.Modules {
		m := &a.Modules[i]
		for which, w := range [][]float32{m.A, m.B} {
			for j, v := range w {
				if v != v || math.IsInf(float64(v), 0) {
					return fmt.Errorf("scan: %s.lora_%c[%d] is %v: the adapter is damaged", m.Name, 'A'+which, j, v)
				}
			}
		}
	}
	return nil
}
