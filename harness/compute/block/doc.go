// Package block composes compute.Device operators into the two half-blocks of a
// Llama-like decoder layer (norm, attention or MLP, residual) and the loss
// head, forward and backward. It is the one place that knows the layer's
// arithmetic: infer runs the forwards, finetune wraps forward and backward as
// Gorgonia operators, so the two agree bit for bit.
//
// What a half-block keeps for its backward are the outputs of its matrix
// products (q, k, v, attention output, gate, up); norms, activations and softmax are
// recomputed. Layout of trainable parameters: see [Layout].
package block
