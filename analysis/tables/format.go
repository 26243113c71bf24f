package tables

import (
	"math"
	"strconv"
	"strings"

	"theriac/analysis/stats"
)

// Number prints x with n decimals; "–" where it does not exist.
func Number(x float64, n int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	s := strconv.FormatFloat(x, 'f', n, 64)
	if zero := strconv.FormatFloat(0, 'f', n, 64); s == "-"+zero {
		return zero
	}
	return s
}

// Percent prints a fraction in per cent with one decimal, without the sign.
func Percent(x float64) string { return Number(100*x, 1) }

// Rate prints a fraction with its interval in per cent: "93.4 [91.0, 95.2]".
func Rate(e stats.Estimate) string {
	return Percent(e.Value) + bracket(Percent(e.Interval.Low), Percent(e.Interval.High)) + mark(e.Warnings)
}

// Value prints an estimate with its interval and n decimals.
func Value(e stats.Estimate, n int) string {
	return Number(e.Value, n) + bracket(Number(e.Interval.Low, n), Number(e.Interval.High, n)) + mark(e.Warnings)
}

func bracket(low, high string) string { return " [" + low + ", " + high + "]" }

// mark flags an estimate that carries warnings, so that no cell hides one.
func mark(warnings []string) string {
	if len(warnings) > 0 {
		return " †"
	}
	return ""
}

// P prints a p-value: three decimals, in scientific notation below 0.001, marked
// where it is the smallest that the design can reach.
func P(t stats.Test) string {
	s := strconv.FormatFloat(t.P, 'f', 3, 64)
	if t.P < 0.001 {
		s = strconv.FormatFloat(t.P, 'e', 1, 64)
	}
	if t.P <= t.SmallestP && t.P < 1 {
		s += " (smallest possible)"
	}
	return s
}

// Signed prints a difference of rates with its interval in percentage points, each with its sign: "+1.2 [−0.3, +2.7]".
func Signed(e stats.Estimate) string {
	return Sign(e.Value) + bracket(Sign(e.Interval.Low), Sign(e.Interval.High)) + mark(e.Warnings)
}

// Sign prints a difference of rates in percentage points with its sign; zero has none.
func Sign(x float64) string {
	s := Percent(x)
	if x > 0 && strings.Trim(s, "0.") != "" && s != "–" {
		return "+" + s
	}
	return strings.Replace(s, "-", "−", 1)
}

// Short prints a number of any size with three digits: 0.0123, 4.56, 123, 4.57e+06.
func Short(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// List joins words: "a, b and c"; "" without any.
func List(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
