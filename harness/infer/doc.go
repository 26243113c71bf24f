// Package infer runs models forward: prefill and decode with a KV cache, scoring
// of given responses, hidden states, batches of prompts. It runs the same
// half-blocks as training does (compute/block), so its numbers equal the
// training graph's bit for bit, whatever the batch they were computed in.
//
//	Base    a model's frozen weights, packed for a device, shared by all runs
//	Delta   what a run trains on top: LoRA pairs, or full weights
//	Runner  scratch memory for one goroutine: Score, Generate, Hidden
//	Prefix  hidden states below the first trained layer, computed once for all runs
package infer
