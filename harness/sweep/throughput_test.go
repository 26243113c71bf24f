package sweep

import (
	"context"
	"testing"
)

// The tokens counted are those that training puts through the model; what is shared is counted once, what is not as often as there are runs.
func TestWork(t *testing.T) {
	b := openTiny(t, 1, "")
	s := unevaluated("clean", 1, nil)
	s.Train.Epochs = 2
	one, err := b.Work(context.Background(), &s, 1)
	if err != nil {
		t.Fatal(err)
	}
	tokens := int64(0)
	for _, step := range records(t, b, []Spec{s})[0].Steps {
		tokens += int64(step.Tokens)
	}
	if one.Rows != int64(s.Data.Rows) || 2*one.Tokens != tokens || one.Padded <= one.Tokens || one.Responses >= one.Tokens || one.Responses < one.Rows {
		t.Errorf("%+v; training put %d tokens through in two epochs", one, tokens)
	}
	eight, err := b.Work(context.Background(), &s, 8)
	if err != nil {
		t.Fatal(err)
	}
	if eight.Here.Frozen != one.Here.Frozen || eight.Here.Trained != 8*one.Here.Trained || eight.Here.Head != 8*one.Here.Head || eight.Usual.Sum() != 8*one.Usual.Sum() {
		t.Errorf("eight runs %+v; one %+v", eight, one)
	}
	padding := float64(one.Padded) / float64(one.Tokens)
	if got := one.Usual.Trained / one.Here.Trained; got < padding*0.999 || got > padding*1.001 {
		t.Errorf("the trained layers save %v; want what padding costs, %v", got, padding)
	}
	if got := one.Usual.Frozen / one.Here.Frozen; got < 1.99*padding || got > 2.01*padding {
		t.Errorf("the frozen layers save %v in two epochs; want twice %v", got, padding)
	}
}
