// Package monitor watches a training run and judges what it saw: the training level of the defenses.
//
// A [Recorder] sits behind every other callback of finetune and makes a [Trace]: the examples in the order they were used, their
// weights and losses, features of their own gradients, what canaries answer at checkpoints, the spectra of the update. A trace is
// small, holds no text, ID or label, and is kept beside the adapter, so that a new detector never retrains:
//
//	hooks := finetune.Hooks{}                 // whatever else reaches into the run comes first
//	rec, err := monitor.NewRecorder(dev, base, spec, items, canaries)
//	rec.Attach(&hooks)                        // changes no number of the run
//	run, err := finetune.New(dev, base, spec, items, prefix, hooks)
//	err = run.Train(ctx)
//	err = rec.Trace().Write(path)
//	results, notRun, err := monitor.Score(rec.Trace(), plan, nil)
//
// [Score] gives each detector's run-level score, higher is worse, and scores of its units with reasons. Of detectors of rows, Units[i] is
// training example i; of steps, Units[i] is step i+1; of canaries, checkpoint i; of modules, Trace.Modules[i]. No detector has a
// threshold, a quota or a forced split: whether a score is much is the harness's to say, against clean runs. [Plan] is what was
// agreed and signed before the run; audits hold the trace against it. [Recorder.StopWhen] ends a run early and keeps the evidence.
//
// Callbacks that the owner himself adds, and that the plan therefore allows (clipping each example's loss, noise on gradients), are
// attached after the recorder: it then sees what came before them, and audits do not take them for tampering.
//
// Limits. What a row taught (loss-early, loss-low, learned-together, gradient-clusters) is known of rows that are used at least twice: in
// one epoch these detectors score 0. The gradient audit watches one matrix: a callback that leaves it alone and changes others is not
// seen. An adapter that is changed after the last step is a matter of the model level.
package monitor
