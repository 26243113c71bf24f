// Package compute says what a device must be able to do for theriac: a dozen
// primitive operators over float32 slices. compute/cpu implements them in Go
// assembly with a portable twin; compute/cuda implements them through the
// driver. Everything above (compute/block, infer, finetune) is written once
// against [Device] and never asks which one it runs on.
//
// # Numerics contract
//
// On a device of class "cpu" every output element is a function of its own
// inputs only, accumulated in one fixed order:
//
//   - products of matrices are one chain of fused multiply-adds per output
//     element, k ascending, terms in the order given, starting from +0; the
//     base that is added (residual, bias, accumulation) is added once, at the end;
//   - sums of a row (norms, softmax denominators, losses) use eight interleaved
//     lanes by element index (lane i%8), folded ((0+4)+(2+6))+((1+5)+(3+7));
//   - exp, log, sin and cos are our own polynomials, evaluated with separately
//     rounded multiplications and additions;
//
// so a result is bitwise the same for any number of threads, any number of
// rows in the call, and any instruction set. [NumericsVersion] names the
// contract; it enters every stage key.
package compute

// NumericsVersion changes whenever a kernel's bits change.
const NumericsVersion = "1"
