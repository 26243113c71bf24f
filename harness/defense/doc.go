// Package defense holds the detectors of the pipeline at three levels (data, monitor, scan), and what they share.
//
// A detector scores: the rows of a data set, the steps of a training, the parts of a model. It says nothing about
// whether that is much. The harness owns calibration, p-values and combination, so no detector can flag by
// construction: there are no quotas, no forced splits and no thresholds inside a detector, and "nothing found" is an answer.
//
//	detector   -> a score for each unit, with a reason a person can act on; one run-level score, higher is worse
//	level      -> [Combine]: the largest standardised score of its pre-named detectors
//	verdict    -> a conformal p-value of that against clean runs (analysis/stats.ConformalP), or, with a user's own
//	              reference file, a permutation test (harness/defense/data)
//
// Detectors see neither ID nor Labels of an example: [Blind] takes them away.
package defense
