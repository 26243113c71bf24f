// Package stats is the statistics that theriac's claims stand on: small files,
// one method each, every one with its reference at the top.
//
// # What comes back
//
// Nothing returns a bare number. An [Estimate] carries its interval, method,
// count, warnings and assumptions; a [Test] carries its p-value and the
// smallest p-value that its design could have reached. Degenerate data (no rows,
// one row, all zero, all one, all the same) have a defined answer and a warning. An
// error means misuse only: a negative count, a level outside (0, 1), lists of
// different lengths, a value that is not a number.
//
// Two conventions hold everywhere. A quantity that does not exist (a rate of
// no trials) is NaN, never without a warning; an end of an interval that the data
// do not bound is infinite. Both are null in JSON. A test without usable
// data returns P = 1 and SmallestP = 1.
//
// # Units
//
// Rates, levels and probabilities are fractions, not per cent. A level is the
// nominal coverage, two-sided unless the method says otherwise; an interval of
// level 0.95 leaves 0.025 on either side.
//
// # Reproducibility
//
// Randomised procedures draw from a [Source] that the caller seeds and take
// nothing else from outside: the same source and data give the same result. Products
// that feed a sum are rounded explicitly, because Go fuses them on arm64.
// The test asks the compiler whether one was forgotten (THERIAC_NO_SKIP=1).
// gonum's special functions are not written so; what they return may differ
// between architectures in the last bits, far below any digit that is printed.
//
// # What holds it to its word
//
// testdata/oracle_*.py and *.R wrote the expected values of SciPy, statsmodels and R,
// met to 1e-9 where both sides are exact. CALIBRATION.md, written by `make
// calibrate-stats`, is how often each interval covered and each test rejected in
// a thousand simulated studies or more, with the bounds that a test holds it to.
//
// The package is a leaf: it imports the standard library and gonum only.
package stats
