// Package finetune trains a model: LoRA pairs on chosen layers, or all weights.
// The model is a Gorgonia expression graph; Gorgonia differentiates it and runs
// it. The operators are ours, one per half-block (graph.go, ops.go), and work
// over a compute.Device; their arithmetic is compute/block's.
//
//	Spec   what to train and how, in the terms of Transformers and PEFT
//	Item   one tokenised example
//	Run    one fine-tuning run: Step, or Train to the end; checkpoint and resume
//	Hooks  where monitors watch, and where process attacks reach in
//	Group  several runs over one base, one core each
package finetune
