package store

// The tables' columns, in the order of the files.

import (
	"github.com/apache/arrow/go/v17/arrow"
)

var runCols = []col[Run]{
	{"run", false, func(r *Run) any { return &r.ID }},
	{"experiment", false, func(r *Run) any { return &r.Experiment }},
	{"train_key", false, func(r *Run) any { return &r.TrainKey }},
	{"seed", false, func(r *Run) any { return &r.Seed }},
	{"arm", false, func(r *Run) any { return &r.Arm }},
	{"status", false, func(r *Run) any { return &r.Status }},
	{"reason", false, func(r *Run) any { return &r.Reason }},
	{"digest", false, func(r *Run) any { return &r.Digest }},
}

// specTable is a table of its own in shards; in Parquet it is columns of runs.
var specTable = &table[Field]{"spec", 1, []col[Field]{
	{"name", false, func(r *Field) any { return &r.Name }},
	{"value", false, func(r *Field) any { return &r.Value }},
}, func(r *Record) *[]Field { return &r.Spec }}

var longTables = []anyTable{
	&table[Metric]{"metrics", 1, []col[Metric]{
		{"metric", false, func(r *Metric) any { return &r.Name }},
		{"value", false, func(r *Metric) any { return &r.Value }},
		{"n", false, func(r *Metric) any { return &r.N }},
		{"k", true, func(r *Metric) any { return &r.K }},
	}, func(r *Record) *[]Metric { return &r.Metrics }},

	&table[Step]{"steps", 1, []col[Step]{
		{"step", false, func(r *Step) any { return &r.Step }},
		{"loss", false, func(r *Step) any { return &r.Loss }},
		{"grad_norm", false, func(r *Step) any { return &r.GradNorm }},
		{"lr", false, func(r *Step) any { return &r.LR }},
		{"tokens", false, func(r *Step) any { return &r.Tokens }},
	}, func(r *Record) *[]Step { return &r.Steps }},

	&table[Item]{"items", 2, []col[Item]{
		{"suite", false, func(r *Item) any { return &r.Suite }},
		{"item", false, func(r *Item) any { return &r.Item }},
		{"outcome", false, func(r *Item) any { return &r.Outcome }},
		{"value", false, func(r *Item) any { return &r.Value }},
	}, func(r *Record) *[]Item { return &r.Items }},

	&table[Example]{"examples", 1, []col[Example]{
		{"id", false, func(r *Example) any { return &r.ID }},
		{"source", false, func(r *Example) any { return &r.Source }},
		{"poisoned", false, func(r *Example) any { return &r.Poisoned }},
		{"change", false, func(r *Example) any { return &r.Change }},
	}, func(r *Record) *[]Example { return &r.Examples }},

	&table[Score]{"scores", 2, []col[Score]{
		{"detector", false, func(r *Score) any { return &r.Detector }},
		{"unit", false, func(r *Score) any { return &r.Unit }},
		{"score", false, func(r *Score) any { return &r.Score }},
	}, func(r *Record) *[]Score { return &r.Scores }},

	&table[Detection]{"detections", 2, []col[Detection]{
		{"level", false, func(r *Detection) any { return &r.Level }},
		{"detector", false, func(r *Detection) any { return &r.Detector }},
		{"score", false, func(r *Detection) any { return &r.Score }},
		{"threshold", false, func(r *Detection) any { return &r.Threshold }},
		{"p", false, func(r *Detection) any { return &r.P }},
		{"n", false, func(r *Detection) any { return &r.N }},
		{"verdict", false, func(r *Detection) any { return &r.Verdict }},
	}, func(r *Record) *[]Detection { return &r.Detections }},
}

func runFields() []arrow.Field {
	out := make([]arrow.Field, len(runCols))
	for i := range runCols {
		out[i] = runCols[i].field()
	}
	return out
}
