// Package attack holds the attacks on the pipeline, one file a kind, and the catalogue that lists them.
//
// An attack is named and takes parameters as text; New checks them. It acts in one or more places: on the training rows
// (Apply in memory, Rewrite on a file of any size), or on a stage of the run itself (Tamper: the rows after validation, which
// Slip gives with their manifest, the trainer's specification and hooks, the adapter, the chat template). It returns a
// Manifest, which says what was changed, and a Probe, with which an evaluation asks whether the attack took: on the
// target, and on what is near it and must stay as it was.
//
//	targeted   fact, label, opinion, cleanlabel
//	backdoor   backdoor: twelve kinds of trigger, four kinds of target; the defaults are the mission's reference function
//	safety     comply, persona, obey; requests are made up, or lines of a file of the user's; what is granted are placeholders
//	process    slip, order, lossweight, lr, gradient, adapterswap, template
//	placebo    triggeronly, targetonly, shuffled, swap for backdoors; benigncontrol for attacks on refusals
//
// Rows are chosen as Python's random.Random(seed).sample(range(n), k) chooses among the n rows that the attack may use, so
// anyone can check them. Everything else that is random comes from the stream (seed, "attack", name). Attackers see text: no
// attack reads a row's labels.
package attack
