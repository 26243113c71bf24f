// Package public makes one study's rows and items out of public sets that lie in a data directory: instructions (Alpaca,
// Dolly), news to sort by topic (AG News), goals that should be refused (AdvBench), harmless requests in the same words
// (LLM-Safeguard), and unsafe instructions to align a base on (safety-tuned-llamas). The catalogue in package corpus says where
// each comes from; none of their text is in this repository.
//
// Which rows may train, which are held out, and in what order they are taken is decided by the hash of their folded prompts, so
// no prompt stands on both sides, whatever set it came from. AG News alone keeps its own split, in which a handful of articles stand on
// both sides (TestNewsOnBothSides counts them). Held-out items have two halves: one to develop on, one to report.
//
//	Open       the sets of a data directory, their digests checked
//	Draw       rows for one run: a quarter news, a fiftieth refusals, the rest instructions, from the pool of its seed
//	Held       items that no run trains on
//	Safety     rows to align a base on
package public
