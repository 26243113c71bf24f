package report

import (
	"fmt"
	"math"
	"slices"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// ClaimExperiments names the experiments that the headline claims are about, each once.
func ClaimExperiments() (names []string) {
	for _, c := range claims {
		if !slices.Contains(names, c.experiment) {
			names = append(names, c.experiment)
		}
	}
	return names
}

// Uses gives the smallest stored seed from first to last; false if none is.
func (in *Input) Uses(first, last int64) (seed int64, found bool) {
	for _, e := range in.Experiments {
		for _, a := range e.Arms() {
			for _, s := range e.Seeds(a) {
				if s >= first && s <= last && (!found || s < seed) {
					seed, found = s, true
				}
			}
		}
	}
	return seed, found
}

// Replicated is a headline claim on the committed seeds and on fresh ones, each by its own test.
type Replicated struct {
	Claim                      string         `json:"claim"`
	Kind                       string         `json:"kind"` // "greater", "less" or "non-inferior"
	Committed, Fresh           stats.Estimate // arm less baseline
	CommittedTest, FreshTest   stats.Test
	CommittedWords, FreshWords string // why there is no test; empty if there is one

	// Expected holds the mean of as many fresh seeds 95 times in 100, if they are as the committed ones.
	Expected stats.Interval
}

// Lost tells that the committed runs show a claim and the fresh ones do not: by their own test, or, where they are too few for any
// test to show something, because their mean falls short of what the committed runs lead to expect.
func (r *Replicated) Lost() bool {
	switch {
	case r.CommittedWords != "" || r.CommittedTest.P > estimate.Alpha:
		return false
	case r.FreshWords != "":
		return true
	case !r.few():
		return r.FreshTest.P > estimate.Alpha
	case math.IsInf(r.Expected.Low, 0) || math.IsInf(r.Expected.High, 0): // committed runs that are all alike predict no spread
		return r.Kind == "less" && r.Fresh.Value >= 0 || r.Kind == "greater" && r.Fresh.Value <= 0 || r.Kind == "non-inferior" && r.Fresh.Value <= -estimate.Margin
	case r.Kind == "less":
		return r.Fresh.Value > r.Expected.High
	}
	return r.Fresh.Value < r.Expected.Low
}

// few tells that so few fresh seeds could show nothing, whatever came out.
func (r *Replicated) few() bool { return math.Exp2(-float64(r.Fresh.N)) > estimate.Alpha }

// Replicate tests every claim on both.
func Replicate(committed, fresh *Input) ([]Replicated, error) {
	var both [2][]outcome
	for i, in := range []*Input{committed, fresh} {
		r := &renderer{in: in}
		var err error
		if both[i], err = testClaims(r.experiment); err != nil {
			return nil, err
		}
	}
	out := make([]Replicated, len(claims))
	for i, c := range claims {
		a, b := both[0][i], both[1][i]
		out[i] = Replicated{Claim: c.name, Kind: c.kind, Committed: a.difference, Fresh: b.difference, CommittedTest: a.test, FreshTest: b.test, CommittedWords: a.untested, FreshWords: b.untested}
		if a.untested == "" && b.untested == "" {
			d := (&renderer{in: committed}).experiment(c.experiment).Differences(c.arm, c.baseline, c.metric)
			expected, err := stats.PredictMean(d, b.difference.N, estimate.Level)
			if err != nil {
				return nil, err
			}
			out[i].Expected = expected.Interval
		}
	}
	return out, nil
}

// ReplicationTable sets the claims side by side.
func ReplicationTable(claims []Replicated) *tables.Table {
	t := &tables.Table{Header: []string{"claim", "committed, points", "p", "fresh seeds, points", "p", "again?"}, Right: []bool{false, true, true, true, true}}
	for i := range claims {
		c := &claims[i]
		cells := func(e stats.Estimate, p stats.Test, why string) (string, string) {
			if why != "" || math.IsNaN(e.Value) {
				return notTested, "–"
			}
			return fmt.Sprintf("%s (%d seeds)", tables.Signed(e), e.N), tables.P(p)
		}
		x, p := cells(c.Committed, c.CommittedTest, c.CommittedWords)
		y, q := cells(c.Fresh, c.FreshTest, c.FreshWords)
		again := "yes"
		switch {
		case c.CommittedWords != "":
			again = "nothing to compare"
		case c.Lost():
			again = "NO"
		case c.CommittedTest.P > estimate.Alpha && c.FreshTest.P <= estimate.Alpha:
			again = "shown on fresh seeds only"
		case c.CommittedTest.P > estimate.Alpha:
			again = "not shown on either"
		case c.few():
			again = "yes, by its direction; too few to test"
			if !math.IsInf(c.Expected.Low, 0) && !math.IsInf(c.Expected.High, 0) {
				again = fmt.Sprintf("yes, by what is expected (%s to %s); too few to test", tables.Number(100*c.Expected.Low, 1), tables.Number(100*c.Expected.High, 1))
			}
		}
		t.Add(c.Claim, x, p, y, q, again)
	}
	t.Notes = append(t.Notes, "Each claim by its own one-sided test; the family's correction is the report's.")
	return t
}
