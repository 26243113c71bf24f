package store

// What a run can be.
const (
	Done   = "done"
	Failed = "failed" // for a reason that is the run's own; anything else is retried, not stored
)

// Tables names the tables in the order in which they are documented.
var Tables = []string{"runs", "metrics", "steps", "items", "examples", "scores", "detections"}

// Field is one entry of a run's specification.
type Field struct{ Name, Value string }

// Run is a row of runs. ID is at most 100 of the letters, digits and ._=,+@- and
// begins with a letter or a digit.
type Run struct {
	ID         string
	Experiment string
	TrainKey   string
	Seed       int64
	Arm        string
	Status     string // Done or Failed
	Reason     string // deterministic: no time, host or path
	Digest     string // set by the store: see [Digest]
	Spec       []Field
}

// Metric is a row of metrics. K is the number of successes, -1 if Value is no rate.
type Metric struct {
	Name  string
	Value float64
	N     int64
	K     int64
}

// Step is a row of steps.
type Step struct {
	Step               int32
	Loss, GradNorm, LR float32
	Tokens             int32
}

// Item is a row of items: how one evaluated item came out.
type Item struct {
	Suite, Item string
	Outcome     string
	Value       float32
}

// Example is a row of examples: one row of the training data.
type Example struct {
	ID, Source string
	Poisoned   bool
	Change     string
}

// Score is a row of scores: what a detector gave to a unit.
type Score struct {
	Detector, Unit string
	Score          float64
}

// FlagAt is the conformal p at or below which a level flags a run.
const FlagAt = 0.05

// Inconclusive is the verdict of a calibration of too few runs to flag anything.
const Inconclusive = "inconclusive"

// Detection is a row of detections: the verdict of a detector or a level.
type Detection struct {
	Level, Detector     string
	Score, Threshold, P float64
	N                   int64
	Verdict             string
}

// Record is everything that the tables hold of one run. Put sorts it.
type Record struct {
	Run
	Metrics    []Metric
	Steps      []Step
	Items      []Item
	Examples   []Example
	Scores     []Score
	Detections []Detection
}
