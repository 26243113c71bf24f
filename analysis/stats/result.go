package stats

// The values that every statistic returns, and the checks that they share.
// These are plain data: rendering belongs to analysis/tables.

import (
	"encoding/json"
	"fmt"
	"math"
)

// Interval is a confidence interval of nominal coverage Level. A one-sided
// bound has the other end at the edge of what is possible.
type Interval struct {
	Low, High, Level float64
}

// Contains reports whether x lies in the closed interval.
func (v Interval) Contains(x float64) bool { return v.Low <= x && x <= v.High }

// Estimate is a quantity with all that a reader needs to trust it.
type Estimate struct {
	Value       float64  // NaN where the data define none, infinite where they do not bound it; a warning then says why
	Interval    Interval // infinite where the data do not bound an end
	Method      string   // "Wilson score", as a methods section would name it
	N           int      // units behind the value: trials, rows, pairs
	Warnings    []string // what is odd about these data
	Assumptions []string // what must be true for the interval to cover
}

// Test is a hypothesis test.
type Test struct {
	Statistic   float64
	P           float64 // in (0, 1]; 1 where there is nothing to test
	SmallestP   float64 // the smallest P that this design could have returned; 0 where continuous data set no floor
	Method      string
	N           int // units behind the test
	Alternative Alternative
	Warnings    []string
	Assumptions []string
}

// Alternative is the direction in which a test looks.
type Alternative string

// The directions: does the first sample, or the value, differ from, exceed, or
// fall below the second, or zero?
const (
	TwoSided Alternative = "two-sided"
	Greater  Alternative = "greater"
	Less     Alternative = "less"
)

// MarshalJSON writes {"low","high","level"}, an infinite end as null.
func (v Interval) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Low   *float64 `json:"low"`
		High  *float64 `json:"high"`
		Level *float64 `json:"level"`
	}{finite(v.Low), finite(v.High), finite(v.Level)})
}

// MarshalJSON writes the fields in lower case, a value that does not exist as null.
func (e Estimate) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Value       *float64 `json:"value"`
		Interval    Interval `json:"interval"`
		Method      string   `json:"method"`
		N           int      `json:"n"`
		Warnings    []string `json:"warnings,omitempty"`
		Assumptions []string `json:"assumptions,omitempty"`
	}{finite(e.Value), e.Interval, e.Method, e.N, e.Warnings, e.Assumptions})
}

// MarshalJSON writes the fields in lower case, an infinite statistic as null.
func (t Test) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Statistic   *float64    `json:"statistic"`
		P           *float64    `json:"p"`
		SmallestP   *float64    `json:"smallest_p"`
		Method      string      `json:"method"`
		N           int         `json:"n"`
		Alternative Alternative `json:"alternative"`
		Warnings    []string    `json:"warnings,omitempty"`
		Assumptions []string    `json:"assumptions,omitempty"`
	}{finite(t.Statistic), finite(t.P), finite(t.SmallestP), t.Method, t.N, t.Alternative, t.Warnings, t.Assumptions})
}

func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// untestable is the answer of a test that the data give nothing to work on.
func untestable(method string, n int, alt Alternative, why string) Test {
	return Test{P: 1, SmallestP: 1, Method: method, N: n, Alternative: alt, Warnings: []string{why}}
}

func checkLevel(where string, level float64) error {
	if !(level > 0 && level < 1) {
		return fmt.Errorf("%s: level %v: want a fraction between 0 and 1, such as 0.95", where, level)
	}
	return nil
}

// checkCount wants 0 <= k <= n.
func checkCount(where string, k, n int) error {
	if n < 0 || k < 0 || k > n {
		return fmt.Errorf("%s: %d of %d: want counts with 0 <= successes <= trials", where, k, n)
	}
	return nil
}

func checkAlternative(where string, alt Alternative) error {
	switch alt {
	case TwoSided, Greater, Less:
		return nil
	}
	return fmt.Errorf("%s: alternative %q: want %q, %q or %q", where, alt, TwoSided, Greater, Less)
}

// largest is the size up to which a value's fourth power is still a number.
const largest = 1e60

// checkFinite wants every value to be a number: missing ones are the caller's to drop.
func checkFinite(where string, xs []float64) error {
	for i, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("%s: value %d is %v: want finite numbers; drop missing values first", where, i, x)
		}
		if math.Abs(x) > largest {
			return fmt.Errorf("%s: value %d is %v: want numbers up to %v in size; choose a larger unit", where, i, x, largest)
		}
	}
	return nil
}
