//go:build linux && (amd64 || arm64)

package main

// shape is C [m,n] = A·B with inner dimension k.
type shape struct {
	name    string
	times   int // how often in one pass (a training step, a decoded token): its weight
	m, n, k int
	how     how
}

func (s *shape) flop() float64 { return 2 * float64(s.m) * float64(s.n) * float64(s.k) }

// how says how the operands are stored.
type how int

const (
	packedRows how = iota // x·Wᵀ, W [n,k] frozen and packed
	packedCols            // x·W, W [k,n] frozen and packed
	plainRows             // x·Bᵀ, B [n,k] as it lies
	plainCols             // x·B, B [k,n] as it lies
	gradient              // Aᵀ·B, A [k,m], B [k,n] as they lie
)

// llama are the frozen products of a training step: m rows through the decoder layers, head rows through the head.
func llama(tag string, layers, m, d, kv, ffn, vocab, head int) []shape {
	return []shape{
		{tag + " q,o forward", 2 * layers, m, d, d, packedRows},
		{tag + " k,v forward", 2 * layers, m, kv, d, packedRows},
		{tag + " gate,up forward", 2 * layers, m, ffn, d, packedRows},
		{tag + " down forward", layers, m, d, ffn, packedRows},
		{tag + " q,o backward", 2 * layers, m, d, d, packedCols},
		{tag + " k,v backward", 2 * layers, m, d, kv, packedCols},
		{tag + " gate,up backward", 2 * layers, m, d, ffn, packedCols},
		{tag + " down backward", layers, m, ffn, d, packedCols},
		{tag + " head forward", 1, head, vocab, d, packedRows},
		{tag + " head backward", 1, head, d, vocab, packedCols},
	}
}

// lora are the adapter's products for one linear layer of n outputs and k inputs: u = x·Aᵀ,
// y = u·Bᵀ, v = dy·B, dx = v·A, dB = dyᵀ·u, dA = vᵀ·x.
func lora(tag string, times, m, n, k, rank int) []shape {
	return []shape{
		{tag + " u=x·Aᵀ", times, m, rank, k, plainRows},
		{tag + " y=u·Bᵀ", times, m, n, rank, plainRows},
		{tag + " v=dy·B", times, m, rank, n, plainCols},
		{tag + " dx=v·A", times, m, k, rank, plainCols},
		{tag + " dB=dyᵀ·u", times, n, rank, m, gradient},
		{tag + " dA=vᵀ·x", times, rank, k, m, gradient},
	}
}

// shapes are those of SmolLM2-135M (a batch of 8 Alpaca rows is about 824 tokens, a short
// one 104), its LoRA of rank 8, full training, the embedded model and decoding.
func shapes() []shape {
	s := llama("SmolLM2", 30, 824, 576, 192, 1536, 49152, 128)
	s = append(s, llama("short", 30, 104, 576, 192, 1536, 49152, 64)...)
	s = append(s, lora("LoRA q,o", 60, 824, 576, 576, 8)...)
	s = append(s, lora("LoRA k,v", 60, 824, 192, 576, 8)...)
	s = append(s, lora("LoRA gate,up", 60, 824, 1536, 576, 8)...)
	s = append(s, lora("LoRA down", 30, 824, 576, 1536, 8)...)
	s = append(s, shape{"LoRA q+k+v u=x·Aᵀ", 30, 824, 24, 576, plainRows}, shape{"LoRA q+k+v dA=vᵀ·x", 30, 24, 576, 824, gradient})
	s = append(s, shape{"full down dW", 30, 576, 1536, 824, gradient}, shape{"full gate,up dW", 60, 1536, 576, 824, gradient},
		shape{"full gate,up forward", 60, 824, 1536, 576, plainRows}, shape{"full gate,up backward", 60, 824, 576, 1536, plainCols})
	s = append(s, llama("embedded", 4, 200, 128, 64, 384, 1536, 128)...)
	for _, rows := range []int{1, 2, 8} {
		s = append(s, shape{"decode gate,up", 60, rows, 1536, 576, packedRows}, shape{"decode down", 30, rows, 576, 1536, packedRows}, shape{"decode head", 1, rows, 49152, 576, packedRows})
	}
	return s
}
