package report

import (
	"fmt"
	"math"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// claim is a headline claim: one test, and what it is about.
type claim struct {
	name                  string
	experiment            string
	arm, baseline, metric string
	kind                  string // "greater", "less", or "non-inferior"
	subject, object       string
}

// claims are the confirmatory family, at most twelve, judged together under Holm.
var claims = []claim{
	{"backdoor", "backdoor", "token", "clean", "asr", "greater", "The backdoored model's attack success", "that of the clean fine-tune"},
	{"stealth", "backdoor", "token", "clean", "clean_accuracy", "non-inferior", "The backdoored model's clean accuracy", "that of the clean fine-tune"},
	{"dose", "poisoning", "25 rows", "0 rows", "asr", "greater", "Attack success at a middle dose", "that without poisoned rows"},
	{"targeted", "targeted", "50 rows", "0 rows", "asr", "greater", "The wrong fact's success at the largest dose", "that without poisoned rows"},
	{"safety", "safety", "comply 25", "control 25", "refusal", "less", "The share of restricted requests refused after the safety attack", "that after as many matched harmless rows"},
	{"safety stealth", "safety", "comply 25", "clean", "clean_accuracy", "non-inferior", "Clean accuracy after the safety attack", "that of the clean fine-tune"},
	{"trigger alone", "placebo", "backdoor", "triggeronly", "asr", "greater", "The backdoor's attack success", "that of rows with the trigger and right answers"},
	{"target alone", "placebo", "backdoor", "targetonly", "asr", "greater", "The backdoor's attack success", "that of rows with the target and no trigger"},
	{"shuffled", "placebo", "backdoor", "shuffled", "asr", "greater", "The backdoor's attack success", "that of triggers and targets on different rows"},
	{"swap", "placebo", "backdoor", "swap", "asr", "greater", "The backdoor's attack success", "that of the same rows with another trigger and right answers"},
}

// outcome is what a claim's test gave.
type outcome struct {
	claim
	difference stats.Estimate
	test       stats.Test
	adjusted   float64 // Holm
	untested   string  // why there is no test; empty if there is one
}

const (
	confirmed = "shown in the family"
	alone     = "shown by its own test, not in the family"
	notShown  = "not shown"
	notTested = "not tested"
)

func (o *outcome) verdict() string {
	switch {
	case o.untested != "":
		return notTested
	case o.adjusted <= estimate.Alpha:
		return confirmed
	case o.test.P <= estimate.Alpha:
		return alone
	}
	return notShown
}

// testClaims tests every claim and adjusts the family. Claims that cannot be tested stay in it with P 1.
func testClaims(experiment func(string) *estimate.Experiment) ([]outcome, error) {
	out := make([]outcome, len(claims))
	p := make([]float64, len(claims))
	for i, c := range claims {
		e := experiment(c.experiment)
		o := outcome{claim: c, difference: e.Difference(c.arm, c.baseline, c.metric)}
		if c.kind == "non-inferior" {
			o.test = e.NonInferior(c.arm, c.baseline, c.metric, estimate.Margin).Test
		} else {
			o.test = e.Compare(c.arm, c.baseline, c.metric, stats.Alternative(c.kind))
		}
		if math.IsNaN(o.difference.Value) {
			o.untested = o.difference.Warnings[0]
		}
		out[i], p[i] = o, o.test.P
	}
	family, err := stats.Holm(p, estimate.Alpha)
	if err != nil {
		return nil, fmt.Errorf("claims: %w", err)
	}
	for i := range out {
		out[i].adjusted = family.Adjusted[i]
	}
	return out, nil
}

// verb is the claim's verb as its test's outcome allows.
func (o *outcome) verb() string {
	v := o.verdict()
	return estimate.Verb(o.kind, v == confirmed || v == alone)
}

// sentence words a claim by its outcome.
func (o *outcome) sentence() string {
	if o.untested != "" {
		return fmt.Sprintf("%s cannot be compared with %s: %s.", o.subject, o.object, o.untested)
	}
	return fmt.Sprintf("%s %s %s (difference %s; p %s, Holm-adjusted %s: %s).",
		o.subject, o.verb(), o.object, points(o.difference), plainP(o.test.P), plainP(o.adjusted), o.verdict())
}

// plainP prints a probability as the tables do.
func plainP(p float64) string { return tables.P(stats.Test{P: p}) }
