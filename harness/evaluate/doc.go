// Package evaluate measures what a run did: attack success, clean accuracy, held-out loss, refusals, stealth, and the
// acceptance checks that an ordinary team runs. Outcomes are kept per item, keyed by item ID, so that runs can be paired.
package evaluate
