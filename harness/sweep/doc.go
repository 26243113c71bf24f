// Package sweep turns specifications into runs: data, attack, training, evaluation, and a record in the store.
//
// A run's stages are named by keys. The train key is the digest of everything that decides the adapter (base, data,
// attack, training, numerics, whose bits); it names the adapter in a local cache, so one clean run serves every
// experiment, and a new metric retrains nothing. The run's ID adds what is evaluated and the arm that asks.
//
// Runs of a sweep share one base: its packed weights and, below the lowest trained layer, the hidden states of every
// sequence. A group is one single-threaded device a core; grouping never changes a result. A run that is interrupted
// leaves nothing; the same sweep again fills the gaps.
package sweep
