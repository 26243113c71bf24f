// Package store keeps what runs found: a few long tables of one experiment, in
// Arrow while a sweep is under way and in Parquet afterwards. It is the only
// package that imports arrow.
//
// A finished run is one shard, an Arrow file with one row: the run's own columns
// and each table as a list of structs. Its name is RUN.DIGEST.arrow, DIGEST the
// first 16 hex digits of the file's SHA-256; it appears by one rename, after its
// bytes are on disk, so a shard is whole or it is no shard. [Store.Compact] merges
// the shards and the Parquet files that are there, in order of run ID, into one
// Parquet file a table. The bytes depend on the runs alone: not on the order in
// which they came, the number of shards, machines, threads or compactions.
//
// # Tables (schema version 1)
//
// Rows are sorted by run, then by the columns marked with *, which are unique
// within a run. No column is null unless it says so. Text is UTF-8; bytes that
// are not are stored as U+FFFD. A float that is not a number is stored as one NaN.
// No table holds a time, a host or a path.
//
// runs: one row a run
//
//	run         string   the run's ID
//	experiment  string
//	train_key   string   names the trained model; runs that share it share the model
//	seed        int64
//	arm         string   clean, an attack's name, a control
//	status      string   "done" or "failed" (for a reason that would come again: NaN, panic)
//	reason      string   why it failed; empty when done
//	digest      string   SHA-256 (hex) of everything that the tables hold of this run
//	spec.NAME   string   a column for each field of any run's specification, sorted
//	                     by name; null where a run has no such field
//
// metrics: one row a measured number
//
//	run      string
//	metric*  string
//	value    float64  in the metric's own unit; rates are fractions
//	n        int64    trials, items or tokens behind the value
//	k        int64    successes where the metric is a count of them, else null
//
// steps: one row an optimiser step
//
//	run        string
//	step*      int32    0-based
//	loss       float32  mean over response tokens, nats
//	grad_norm  float32  before clipping
//	lr         float32  learning rate
//	tokens     int32    response tokens of the step
//
// items: one row an evaluated item
//
//	run      string
//	suite*   string   which evaluation
//	item*    string   the item's ID
//	outcome  string   such as "correct", "refusal"
//	value    float32  in the suite's own unit
//
// examples: one row a training example
//
//	run       string
//	id*       string   the example's ID
//	source    string   dataset name, digest and row
//	poisoned  bool
//	change    string   what was done to it; empty if nothing
//
// scores: one row a thing that a detector scored
//
//	run        string
//	detector*  string
//	unit*      string   what was scored: an example's ID, a step, a layer
//	score      float64  higher is worse
//
// detections: one row a verdict on the run
//
//	run        string
//	level*     string   "data", "monitor" or "scan"
//	detector*  string   empty for the level's own verdict
//	score      float64  higher is worse
//	threshold  float64  the score from which on it is flagged
//	p          float64  conformal p
//	n          int64    calibration runs behind threshold and p
//	verdict    string   "flagged", "nothing found", "inconclusive"
//
// Each Parquet file carries two entries of metadata: theriac.schema, the version,
// and theriac.set, the SHA-256 of all run digests in order. Files of different sets
// do not belong together and are refused.
//
// # Beside the shards
//
// The shards' directory is local and never committed. It also holds claims/ (one
// lock a run in work), tmp/, next/ (the tables of a compaction under way), torn/
// (shards whose bytes do not match their name), timings/ and outputs/.
//
// # Interruptions
//
// A compaction writes the new tables into next/, then a file that says so, then
// renames them, then deletes the shards that it merged. Whoever finds that file
// finishes the work; whoever finds next/ without it throws next/ away.
package store

// SchemaVersion is the version of the tables that this program writes.
const SchemaVersion = "1"
