// Package estimate turns the stored runs of one experiment into estimates by arm and
// metric: means with intervals, paired differences, tests, dose-response curves.
//
// [Read] goes through the tables once, run by run, and keeps of each run its metrics and
// a byte or so an item; [Experiment.Mean] and its siblings compute on demand. Arms pair
// by seed: runs with the same seed share data, initialisation and order.
//
// Where the data do not allow an estimate (no such arm, no such metric, no common seed),
// its value is NaN and its warnings say why. An arm whose seeds have runs of several
// specifications is judged by the specification with the most runs, and
// [Experiment.Notes] says so.
package estimate
