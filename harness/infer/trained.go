package infer

import (
	"fmt"
	"slices"

	"theriac/harness/compute/block"
	"theriac/harness/model"
	"theriac/harness/model/safetensors"
)

// Model copies fully trained weights out as a model with the base's tokenizer and chat template.
func (d *Delta) Model(b *Base, name string) (*model.Model, error) {
	if !d.Train.Full {
		return nil, fmt.Errorf("a LoRA adapter is no model of its own; merge it with its base")
	}
	c := b.Config
	d.Pull()
	tensors := []safetensors.Tensor{{Name: "model.embed_tokens.weight", Shape: []int{c.Vocab, c.Hidden}, Data: slices.Clone(d.Embed)}}
	take := func(prefix string, slots []block.Slot, theta []float32) {
		for _, s := range slots {
			t := safetensors.Tensor{Name: prefix + s.Name, Shape: []int{s.Rows, s.Cols}, Data: slices.Clone(theta[s.Offset : s.Offset+s.Rows*s.Cols])}
			if s.Rows == 1 {
				t.Shape = []int{s.Cols} // norms and biases
			}
			tensors = append(tensors, t)
		}
	}
	for i, h := range d.Halves {
		take(LayerPrefix(i/2), h.Layout.Slots, h.P.Theta)
	}
	take("", d.Final.Slots, d.HeadTheta(c))
	tokenizer := b.Model.TokenizerJSON
	if tokenizer == nil && b.Model.GGUF != nil {
		t, err := b.Model.Tokenizer()
		if err != nil {
			return nil, err
		}
		tokenizer = t.JSON()
	}
	return model.FromTensors(name, c, tensors, tokenizer, b.Model.ChatTemplate)
}
