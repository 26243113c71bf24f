package sweep

import (
	"fmt"

	"theriac/harness/corpus"
	"theriac/harness/corpus/public"
	"theriac/harness/finetune"
)

// publicShifts are the shifts of public data: without the refusals among the ordinary rows, or with Dolly's instructions only.
var publicShifts = map[string]public.Mix{"": {}, "norefusals": {NoRefusals: true}, "dolly": {DollyOnly: true}}

// publicSets are the public sets of the data directory: instructions and news to train on, news to sort for accuracy, held-out
// instructions to put triggers into, AdvBench's goals and harmless requests in the same words.
type publicSets struct {
	sets *public.Sets
	half public.Half
}

// openPublic opens them once for both halves.
func openPublic(b *Bench, half public.Half) (Source, error) {
	sets, err := share(b, "public sets", func() (*public.Sets, error) {
		return public.Open(b.DataDir, finetune.Fits(b.Chat, b.Base.MaxSeq))
	})
	if err != nil {
		return nil, err
	}
	return publicSets{sets, half}, nil
}

func (p publicSets) Digest() string { return fmt.Sprintf("%s/%d", p.sets.Digest(), p.half) }

func (p publicSets) Train(seed uint64, n int, shift string) ([]corpus.Example, error) {
	mix, ok := publicShifts[shift]
	if !ok {
		return nil, fmt.Errorf("shift %q: public data have norefusals and dolly", shift)
	}
	return p.sets.Draw(seed, n, mix)
}

func (p publicSets) Safety(seed uint64, n int) ([]corpus.Example, error) {
	return p.sets.SafetyRows(seed, n)
}

func (p publicSets) Held(kind Kind, n int) ([]corpus.Example, error) {
	of := map[Kind]public.Kind{CleanItems: public.News, ProbeItems: public.Instructions, Restricted: public.Goals, LookAlike: public.Harmless}
	return p.sets.Held(of[kind], p.half, n)
}
