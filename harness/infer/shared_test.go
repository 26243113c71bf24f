package infer_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"theriac/harness/infer"
)

// Sequences that begin alike share the rows of their beginning, and come to the bits that each comes to alone: whatever the beginning's
// length, where loss begins, how many fit into a batch, and who filled the prefix cache.
func TestSharedBeginnings(t *testing.T) {
	dev, b, _ := openTiny(t, 2)
	random := rand.New(rand.NewPCG(1, 2))
	vocab := b.Config.Vocab
	word := func() int32 { return int32(random.IntN(vocab)) }
	for round, c := range []struct{ begins, loss int }{{0, 0}, {7, 0}, {8, 0}, {9, 9}, {20, 0}, {20, 1}, {20, 21}, {31, 12}, {40, 40}} {
		begin := make([]int32, c.begins)
		for i := range begin {
			begin[i] = word()
		}
		var seqs []*infer.Sequence
		for i := range 25 {
			s := &infer.Sequence{IDs: slices.Clone(begin)}
			for range 1 + random.IntN(12) {
				s.IDs = append(s.IDs, word())
			}
			if i%5 == 4 { // one that is the beginning and a token more, and its twin
				s.IDs = append(slices.Clone(begin), 7)
			}
			if len(s.IDs) < 2 {
				s.IDs = append(s.IDs, word())
			}
			from := c.loss
			if from == 0 {
				from = len(s.IDs) - 1 - random.IntN(min(3, len(s.IDs)-1))
			}
			for at := range s.IDs {
				s.Loss = append(s.Loss, at > 0 && at >= from)
			}
			seqs = append(seqs, s)
		}
		alone := make([]infer.Score, len(seqs))
		for i := range seqs {
			s, err := infer.NewRunner(dev, b, nil, 64).Score(seqs[i : i+1])
			if err != nil {
				t.Fatal(err)
			}
			alone[i] = s[0]
		}
		same := func(what string, r *infer.Runner) {
			t.Helper()
			got, err := r.Score(seqs)
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				if !slices.Equal(got[i].Each, alone[i].Each) || !slices.Equal(got[i].Argmax, alone[i].Argmax) || got[i].Match != alone[i].Match {
					t.Errorf("round %d, %s: sequence %d of %d tokens differs from itself alone", round, what, i, len(seqs[i].IDs))
				}
			}
		}
		same("one batch", infer.NewRunner(dev, b, nil, 1024))
		same("small batches", infer.NewRunner(dev, b, nil, 48))
		together, apart := infer.NewPrefix(2, 1<<30), infer.NewPrefix(2, 1<<30)
		for i := range seqs { // each sequence's states by itself
			r := infer.NewRunner(dev, b, nil, 64)
			r.Prefix = apart
			if _, err := r.Score(seqs[i : i+1]); err != nil {
				t.Fatal(err)
			}
		}
		for _, x := range []struct {
			what string
			p    *infer.Prefix
		}{{"filling a prefix", together}, {"its own prefix", together}, {"a prefix filled one by one", apart}} {
			r := infer.NewRunner(dev, b, nil, 100)
			r.Prefix, r.Backwards = x.p, round%2 == 1
			same(x.what, r)
		}
		for i := range seqs {
			r := infer.NewRunner(dev, b, nil, 64)
			r.Prefix = together
			got, err := r.Score(seqs[i : i+1])
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got[0].Each, alone[i].Each) {
				t.Errorf("round %d: sequence %d differs with states that were stored in company", round, i)
			}
		}
		if err := together.Close(); err != nil {
			t.Error(err)
		}
		if err := apart.Close(); err != nil {
			t.Error(err)
		}

		var prompts [][]int32
		for i := range 3 * len(seqs) { // more than are open at a time
			prompts = append(prompts, append(slices.Clone(seqs[i%len(seqs)].IDs), int32(i)))
		}
		decoding := infer.Decoding{MaxNew: 9}
		for id := range int32(vocab) {
			if id%11 == 3 { // some end early
				decoding.Stop = append(decoding.Stop, id)
			}
		}
		all, err := infer.NewRunner(dev, b, nil, 100).Generate(prompts, decoding)
		if err != nil {
			t.Fatal(err)
		}
		lengths := map[int]bool{}
		for i := range prompts {
			got, err := infer.NewRunner(dev, b, nil, 256).Generate(prompts[i:i+1], decoding)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got[0], all[i]) {
				t.Errorf("round %d: prompt %d is continued otherwise in company", round, i)
			}
			lengths[len(all[i])] = true
		}
		if len(lengths) < 3 {
			t.Errorf("round %d: answers of %d lengths only: the test sees no prompt taking another's place", round, len(lengths))
		}
	}
	if out, err := infer.NewRunner(dev, b, nil, 64).Generate(nil, infer.Decoding{MaxNew: 1}); len(out) != 0 || err != nil {
		t.Errorf("no prompts: %v, %v", out, err)
	}
}
