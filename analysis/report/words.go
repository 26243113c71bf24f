package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// Numbers as prose has them.

// percent is a rate with its interval: "86.7 % [82.9, 90.4]".
func percent(e stats.Estimate) string {
	if math.IsNaN(e.Value) {
		return absent(e)
	}
	return fmt.Sprintf("%s %% [%s, %s]%s", tables.Percent(e.Value), tables.Percent(e.Interval.Low), tables.Percent(e.Interval.High), dagger(e))
}

// points is a difference of rates with its interval, in percentage points.
func points(e stats.Estimate) string {
	if math.IsNaN(e.Value) {
		return absent(e)
	}
	if e.Value == 0 && len(e.Warnings) > 0 && e.Interval.Low < -0.1 { // all alike: the bound is of how few units there are
		return fmt.Sprintf("0.0 points throughout [%s, %s]%s", tables.Sign(e.Interval.Low), tables.Sign(e.Interval.High), dagger(e))
	}
	return fmt.Sprintf("%s points [%s, %s]%s", tables.Sign(e.Value), tables.Sign(e.Interval.Low), tables.Sign(e.Interval.High), dagger(e))
}

func dagger(e stats.Estimate) string {
	if len(e.Warnings) > 0 {
		return " †"
	}
	return ""
}

// absent is what stands where there is no number.
func absent(e stats.Estimate) string {
	if len(e.Warnings) > 0 {
		return "not measured (" + e.Warnings[0] + ")"
	}
	return "not measured"
}

// rate is an arm's rate in prose; where all items came out alike, the exact bound over pooled items stands beside it.
func rate(e *estimate.Experiment, arm, metric string) string {
	m := e.Mean(arm, metric)
	s := percent(m)
	if math.IsNaN(m.Value) {
		return s
	}
	if k, n, ok := e.Count(arm, metric); ok && n > 0 && (k == 0 || k == n) {
		pooled := e.Pooled(arm, metric)
		if k == 0 {
			s += fmt.Sprintf(" (%d of %s items; exact bound over pooled items %s %%)", k, grouped(n), tables.Percent(pooled.Interval.High))
		} else {
			s += fmt.Sprintf(" (%s of %s items; exact bound over pooled items %s %%)", grouped(k), grouped(n), tables.Percent(pooled.Interval.Low))
		}
	}
	return s
}

// counting is a count of things.
func counting(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return grouped(n) + " " + thing
}

// grouped is a count with commas: 1,000.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// dose is an effective dose in rows.
func dose(d stats.EffectiveDose) string {
	e := d.Estimate
	if math.IsNaN(e.Value) {
		return absent(e)
	}
	end := func(x float64) string {
		if math.IsInf(x, 0) {
			return "unbounded"
		}
		return tables.Number(x, 1)
	}
	return fmt.Sprintf("%s rows [%s, %s]%s", tables.Number(e.Value, 1), end(e.Interval.Low), end(e.Interval.High), dagger(e))
}

var special = strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "<", "&lt;", ">", "&gt;", "|", "\\|", "\n", " ", "\r", " ", "\t", " ")

// inline escapes stored text for a line of Markdown.
func inline(s string) string { return special.Replace(s) }
