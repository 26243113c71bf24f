// Package data scans training rows before anyone trains on them.
//
// A detector here proposes groups of rows that have something in common (an answer, an n-gram in the prompt, a pattern, a
// tail of a perplexity), each with a weight, higher is worse, and a reason. It sees the scanned rows and the reference
// rows in one pool, sorted by content, and cannot tell them apart. Everything else is the harness's:
//
//   - with a reference, a detector's run-level score is its most enriched group: the largest deviance of a group's count of
//     scanned rows against its share of the pool. Membership is permuted 999 times; Westfall and Young's max-T over the
//     detectors gives p-values that hold jointly, whatever the groups are. Resamples of the reference alone would overlap;
//   - without one, the run-level score is the largest weight. It means something only against other clean runs (a
//     calibration), so a scan alone is inconclusive however quiet it is. [Calibration] holds such runs: disjoint clean files of
//     one size, for where the clean rows are not at hand; it wants many more of them than a reference does.
//
// The permutation is by row. It keeps each source's number of rows in either file where every source of the scanned file is also in
// the reference and at least 20 cross; a file is never a source in this sense.
//
//	Catalogue  the detectors, a line each; one file a detector
//	Scan       rows (and a reference) -> Report: verdict, p-values, ranked rows, sources, coverage
//	Measure    rows (and a reference) -> run-level scores only, for a study's own calibration
package data
