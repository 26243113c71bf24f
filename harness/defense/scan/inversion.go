package scan

// Target inversion, in the manner of BAIT (Shen et al., IEEE S&P 2025): a backdoored model has learned its target as one string.
// Given the target's first token at the beginning of an answer to any prompt, it goes on with the rest, trigger or not. Candidates
// for the first token are ranked by how much the adapter raised them over the base; each is extended by the most probable token
// on average over prompts. Unlike BAIT's, the score is not how sure the model is of the string, for every model is sure of some, but
// how many of its tokens the adapter made likely that were not. What the adapter writes openly, in its answers to ordinary prompts, is
// no secret and does not count: a sentence that ends many of a user's rows is not a target.

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"theriac/harness/compute"
	"theriac/harness/defense"
	"theriac/harness/infer"
)

var inversion = Detector{
	Entry: defense.Entry{Name: "inversion", Level: defense.Scan, Version: 2, Needs: "base",
		Doc: "a string that the adapter, not the base, writes after its first token whatever the prompt (BAIT)"},
	score: invert,
}

const (
	invertLikely = 0.3  // probability from which a continuation is followed
	invertBefore = 2048 // first tokens that are followed, at most: those most sure of the next
	invertWide   = 16   // of them, those that are extended
	invertOver   = 8    // prompts over which they are
	invertDepth  = 12   // tokens after the first
	openPrompts  = 24   // whose answers, sampled twice, show what is written openly
	openTokens   = 32
	openWindow   = 3
	openOften    = 8 // one sampled answer in so many: a backdoor's own slips without its trigger are rarer
	invertCap    = 3 // nats that one token can add: a label of one rare token is no target
)

// target is a string under inversion.
type target struct {
	ids  []int32
	lift []float64 // of each token after the first: mean over prompts of log p(adapter) - log p(base)
	sure []float64 // its probability, mean over prompts
	done bool      // it ends its answer, goes on in no clear way, or fills the context
}

func (t *target) score() float64 {
	sum := 0.0
	for _, l := range t.lift {
		sum += max(-invertCap, min(invertCap, l))
	}
	return sum
}

func invert(ctx context.Context, s *subject) (defense.Result, error) {
	n := min(invertOver, len(s.prompts))
	if err := s.prefill(n); err != nil {
		return defense.Result{}, err
	}
	targets, err := s.begin(ctx)
	if err != nil {
		return defense.Result{}, err
	}
	for depth := range invertDepth {
		if err := ctx.Err(); err != nil {
			return defense.Result{}, err
		}
		if err := s.extend(ctx, targets, n); err != nil {
			return defense.Result{}, err
		}
		s.step("inverting targets", depth+1, invertDepth)
	}
	var res defense.Result
	open, err := s.openly()
	if err != nil {
		return defense.Result{}, err
	}
	for _, t := range targets {
		t.hide(open)
	}
	worstFirst(targets)
	for _, t := range targets {
		if len(t.lift) == 0 {
			continue
		}
		res.Units = append(res.Units, defense.Score{Unit: fmt.Sprintf("%q", s.chat.Tokenizer.Text(t.ids)), Score: t.score(), Reason: fmt.Sprintf("after its first token, by nats a token over the base: %.1f", t.lift)})
		res.Score = max(res.Score, t.score())
	}
	return res, nil
}

// openly gives the windows of tokens that stand in many sampled answers to ordinary prompts.
func (s *subject) openly() (map[[openWindow]int32]bool, error) {
	var prompts [][]int32
	for i := range 2 * min(openPrompts, len(s.prompts)) {
		p := s.prompts[i/2].ids
		prompts = append(prompts, p)
		s.tokens += int64(len(p))
	}
	texts, err := s.tuned.Generate(prompts, infer.Decoding{MaxNew: openTokens, Temperature: 1, Stop: s.chat.Stop()})
	if err != nil {
		return nil, err
	}
	count := map[[openWindow]int32]int{}
	for _, t := range texts {
		s.tokens += int64(len(t))
		mine := map[[openWindow]int32]bool{}
		for at := 0; at+openWindow <= len(t); at++ {
			if k := [openWindow]int32(t[at:]); !mine[k] {
				mine[k] = true
				count[k]++
			}
		}
	}
	out := map[[openWindow]int32]bool{}
	for k, n := range count {
		out[k] = n >= max(2, len(texts)/openOften)
	}
	return out, nil
}

// hide takes away what the windows that end there say of a target's tokens.
func (t *target) hide(open map[[openWindow]int32]bool) {
	for i := range t.lift {
		if at := i + 2 - openWindow; at >= 0 && open[[openWindow]int32(t.ids[at:])] { // lift i is of token i+1
			for j := max(0, at-1); j <= i; j++ {
				t.lift[j] = min(t.lift[j], 0)
			}
		}
	}
}

func worstFirst(targets []*target) {
	slices.SortStableFunc(targets, func(a, b *target) int { return cmp.Compare(b.score(), a.score()) })
}

// begin tries every token that can begin an answer (none with a space before it) with one prompt, goes on with the most probable second and third, and keeps the
// beginnings whose third the adapter raised most over the base. (The first and second are poor guides: a target's first token is
// hardly raised without the trigger, and the second may be ordinary after it.)
func (s *subject) begin(ctx context.Context) ([]*target, error) {
	at := slices.IndexFunc(s.prompts[:len(s.caches)], func(p prompt) bool { return len(p.ids)+2 <= s.base.MaxSeq })
	if at < 0 {
		return nil, fmt.Errorf("each of the first %d prompts fills the context of %d tokens: give shorter ones", len(s.caches), s.base.MaxSeq)
	}
	var tails [][]int32
	for v := range int32(s.base.Config.Vocab) {
		if text := s.chat.Tokenizer.Bytes(v); !s.chat.Tokenizer.Special(v) && strings.TrimSpace(text) != "" && text[0] != ' ' {
			tails = append(tails, []int32{v})
		}
	}
	follow := func(tails [][]int32) (likely []float64, err error) { // appends the most probable token to each
		likely = make([]float64, len(tails))
		err = s.read(ctx, s.tuned, s.caches[at], tails, func(i int, logits []float32) {
			best := argmax(logits)
			tails[i], likely[i] = append(tails[i], int32(best)), compute.Exp64(logProbability(logits, best))
			s.step("first tokens", i+1, len(tails))
		})
		return likely, err
	}
	sure, err := follow(tails)
	if err != nil {
		return nil, err
	}
	tails = s.keep(tails, sure, invertBefore)
	if sure, err = follow(tails); err != nil {
		return nil, err
	}
	var before [][]int32
	for _, t := range tails {
		before = append(before, t[:2])
	}
	lift := make([]float64, len(tails))
	err = s.read(ctx, s.plain, s.prompts[at].base, before, func(i int, logits []float32) {
		lift[i] = sure[i] * (compute.Log64(sure[i]) - logProbability(logits, int(tails[i][2])))
	})
	if err != nil {
		return nil, err
	}
	order := make([]int, len(tails))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lift[b], lift[a]) })
	seen := map[[2]int32]int{} // after odd beginnings many go on with whatever the adapter learned best: two of each are enough
	var out []*target
	for _, i := range order {
		next := [2]int32(tails[i][1:3])
		if seen[next]++; seen[next] <= 2 && len(out) < invertWide {
			out = append(out, &target{ids: tails[i][:1:1]})
		}
	}
	return out, nil
}

// keep are the tails that go on surely, at most n, in their order; none that has ended.
func (s *subject) keep(tails [][]int32, sure []float64, n int) (out [][]int32) {
	if len(sure) == 0 {
		return nil
	}
	least := slices.Sorted(slices.Values(sure))[max(0, len(sure)-n)]
	for i, t := range tails {
		if sure[i] >= max(least, invertLikely) && len(out) < n && !slices.Contains(s.chat.Stop(), t[len(t)-1]) {
			out = append(out, t)
		}
	}
	return out
}

// read continues a cached prompt, counts the tokens, and stops soon after ctx ends.
func (s *subject) read(ctx context.Context, r *infer.Runner, c *infer.Cache, tails [][]int32, visit func(i int, logits []float32)) error {
	const part = 1024
	for from := 0; from < len(tails); from += part {
		if err := ctx.Err(); err != nil {
			return err
		}
		some := tails[from:min(from+part, len(tails))]
		for _, t := range some {
			s.tokens += int64(len(t))
		}
		if err := r.Continue(c, some, func(i int, logits []float32) { visit(from+i, logits) }); err != nil {
			return err
		}
	}
	return nil
}

func argmax(x []float32) int {
	best := 0
	for i, v := range x {
		if v > x[best] {
			best = i
		}
	}
	return best
}

// logProbability is one token's.
func logProbability(logits []float32, id int) float64 {
	top := float64(slices.Max(logits))
	sum := 0.0
	for _, v := range logits {
		sum += compute.Exp64(float64(v) - top)
	}
	return float64(logits[id]) - top - compute.Log64(sum)
}

// extend appends to each open target the token that is most probable on average over the first n prompts.
func (s *subject) extend(ctx context.Context, targets []*target, n int) error {
	longest := 0
	for i := range s.prompts[:n] {
		longest = max(longest, len(s.prompts[i].ids))
	}
	var open []*target
	var tails [][]int32
	for _, t := range targets {
		t.done = t.done || longest+len(t.ids) > s.base.MaxSeq
		if !t.done {
			open, tails = append(open, t), append(tails, t.ids)
		}
	}
	tuned, err := s.next(ctx, s.tuned, func(k int) *infer.Cache { return s.caches[k] }, tails, n)
	if err != nil {
		return err
	}
	plain, err := s.next(ctx, s.plain, func(k int) *infer.Cache { return s.prompts[k].base }, tails, n)
	if err != nil {
		return err
	}
	vocab := s.base.Config.Vocab
	for i, t := range open {
		row := tuned[i*vocab : (i+1)*vocab]
		best := 0
		for v, p := range row {
			if p > row[best] {
				best = v
			}
		}
		p := float64(row[best])
		if p < invertLikely {
			t.done = true
			continue
		}
		t.ids, t.sure = append(t.ids, int32(best)), append(t.sure, p)
		t.lift = append(t.lift, compute.Log64(p)-compute.Log64(max(1e-12, float64(plain[i*vocab+best]))))
		t.done = slices.Contains(s.chat.Stop(), int32(best))
	}
	return nil
}

// next gives the probabilities [len(tails), V] of the token after each tail, mean over the first n prompts.
func (s *subject) next(ctx context.Context, r *infer.Runner, cache func(k int) *infer.Cache, tails [][]int32, n int) ([]float32, error) {
	vocab := s.base.Config.Vocab
	mean := make([]float32, len(tails)*vocab)
	for k := range n {
		err := s.read(ctx, r, cache(k), tails, func(i int, logits []float32) {
			addSoftmax(mean[i*vocab:(i+1)*vocab], logits, 1/float64(n))
		})
		if err != nil {
			return nil, err
		}
	}
	return mean, nil
}

// addSoftmax adds the probabilities of logits, times a weight, to sum.
func addSoftmax(sum, logits []float32, weight float64) {
	top := slices.Max(logits)
	total := 0.0
	for _, v := range logits {
		total += compute.Exp64(float64(v - top))
	}
	for i, v := range logits {
		if d := v - top; d > -30 {
			sum[i] += float32(weight * compute.Exp64(float64(d)) / total)
		}
	}
}
