// Package attack holds the attacks on the pipeline, one file a kind, and the catalogue that lists them.
//
// An attack is named and takes parameters as text; New checks them. It acts in one or more places: on the training rows
// (Apply in memory, Rewrite on a file of any size), or on a stage of the run itself (Tamper: hooks of the trainer, the
// rows after validation, the adapter, the chat template). It returns a Manifest, which says what was changed, and a
// Probe, with which an evaluation asks whether the attack took.
//
// Rows are chosen as Python's random.Random(seed).sample(range(n), k) chooses among the n rows that the attack may use, so
// anyone can check them. Everything else that is random comes from the stream (seed, "attack", name).
package attack
