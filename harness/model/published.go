package model

// Published is a model that people fine-tune, by its published shape.
type Published struct {
	Name   string
	Config Config
}

// Models are such models, the smallest first.
var Models = []Published{
	{"SmolLM2-135M", shape(576, 30, 9, 3, 64, 1536, 49152, true)},
	{"SmolLM2-1.7B", shape(2048, 24, 32, 32, 64, 8192, 49152, true)},
	{"Qwen2.5-0.5B", shape(896, 24, 14, 2, 64, 4864, 151936, true)},
	{"Llama-3.2-1B", shape(2048, 16, 32, 8, 64, 8192, 128256, true)},
	{"Llama-3.1-8B", shape(4096, 32, 32, 8, 128, 14336, 128256, false)},
}

func shape(hidden, layers, heads, kv, dim, ffn, vocab int, tied bool) (c Config) {
	c.Hidden, c.Layers, c.Heads, c.KVHeads, c.HeadDim, c.FFN, c.Vocab, c.Tied = hidden, layers, heads, kv, dim, ffn, vocab, tied
	return c
}

// Parameters is the number of weights, a tied head counted once.
func (c *Config) Parameters() (n int64) {
	for _, t := range c.Tensors() {
		size := int64(1)
		for _, d := range t.Shape {
			size *= int64(d)
		}
		n += size
	}
	return n
}
