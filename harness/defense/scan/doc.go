// Package scan looks at a finished LoRA adapter: what it would do that its base does not, and that no clean fine-tuning does.
//
// Everything a detector says is relative to the base itself, so what the base already does is no finding, and a detector gives one
// score, higher is worse. Whether that is much is said by the scores of clean adapters of the same base (a calibration): there
// are no thresholds here.
//
//	Check    a directory -> static findings, nothing executed: pickles, stray code, changed templates, another base
//	Adapter  an adapter's weights -> the detectors that need no base model
//	New      a base -> Scanner; Scanner.Model: an adapter -> every detector
//
//	Catalogue  the detectors, a line each; one file a detector
package scan
