package monitor

import (
	"fmt"

	"theriac/harness/finetune"
)

// Stopped is the error with which a monitor ends a run. The trace up to and with that step is at Path.
type Stopped struct {
	Step         int
	Reason, Path string
}

func (s *Stopped) Error() string {
	return fmt.Sprintf("the monitor stopped the run at step %d: %s; the evidence is in %s", s.Step, s.Reason, s.Path)
}

// StopWhen ends the run after the first step of which why says a reason; before that the trace is written to path. Call it after
// Attach. why is asked after every step and should be quick: most look at the last checkpoint, or every so many steps.
func (r *Recorder) StopWhen(h *finetune.Hooks, path string, why func(t *Trace) string) {
	step := h.Step
	h.Step = func(run *finetune.Run, info *finetune.Info) error {
		if step != nil {
			if err := step(run, info); err != nil {
				return err
			}
		}
		reason := why(&r.trace)
		if reason == "" {
			return nil
		}
		r.trace.Stopped = reason
		if err := r.trace.Write(path); err != nil {
			return fmt.Errorf("monitor: step %d: %s, and the evidence was not kept: %w", info.Step, reason, err)
		}
		return &Stopped{Step: info.Step, Reason: reason, Path: path}
	}
}
