package sweep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"theriac/harness/compute"
	"theriac/harness/finetune"
	"theriac/harness/store"
)

// Event is progress of a sweep.
type Event struct {
	Run         *Spec
	Done, Total int            // runs; Done counts this one if Finished
	Step        *finetune.Info // a training step, or nil
	Stage       string         // what begins after the training: a suite of items, or the detectors
	Finished    bool
	Failed      string // the reason, if the run failed
}

// Options of a sweep.
type Options struct {
	Progress    func(Event) // may be called from several goroutines, one at a time
	RetryFailed bool
	Shard       int              // this process does the runs of shard Shard of Shards, from 0
	Shards      int              // 0: all
	Memory      int64            // bytes that the runs that go on at once may take; 0: what the machine has left
	Only        map[string]bool  // where it is not nil, a run that is not stored and not among these IDs is an error, before any is done
	Thin        func(*Spec) bool // of which runs the rows and steps are not stored; nil: of none
	Compact     time.Duration    // how often to compact while running; 0: half an hour
}

// Report is what a sweep did.
type Report struct {
	Total, Done, Ran, Failed, Elsewhere int      // Elsewhere: other processes have them
	IDs                                 []string // of the specs, in order
	Failures                            []string // "arm seed: reason", in the order of the specs
}

// Run does the runs that the store does not hold yet, several at a time, and compacts. Failed runs are recorded with their reason
// and the rest goes on.
func (b *Bench) Run(ctx context.Context, specs []Spec, st *store.Store, o Options) (*Report, error) {
	rep := &Report{Total: len(specs)}
	have, err := st.Done()
	if err != nil {
		return nil, err
	}
	var todo []int
	for i := range specs {
		if err := specs[i].Check(); err != nil {
			return nil, fmt.Errorf("%s: %w", specs[i].String(), err)
		}
		_, id, err := b.Keys(&specs[i])
		if err != nil {
			return nil, err
		}
		rep.IDs = append(rep.IDs, id)
		switch status := have[id]; {
		case status == store.Done, status == store.Failed && !o.RetryFailed:
			rep.Done++
		case o.Shards > 1 && i%o.Shards != o.Shard:
			rep.Elsewhere++
		case o.Only != nil && !o.Only[id]:
			return nil, fmt.Errorf("%s: no run like it is stored; what is stored is stale: the code, the profile or the script has changed since", specs[i].String())
		default:
			todo = append(todo, i)
		}
	}
	s := &schedule{bench: b, specs: specs, store: st, opt: o, report: rep, compacted: time.Now()}
	workers := min(b.workers(specs, todo, o.Memory), len(todo))
	todo = apart(specs, todo, workers)
	device := func() (compute.Device, error) { return b.Machine.Worker(workers) }
	errs := finetune.Group(ctx, workers, len(todo), device, func(ctx context.Context, dev compute.Device, j int) error {
		return s.one(ctx, dev, todo[j])
	})
	if err := ctx.Err(); err != nil {
		return rep, err
	}
	if errs != nil {
		return rep, errs
	}
	if err := st.Compact(ctx); err != nil {
		var busy *store.BusyError
		if !errors.As(err, &busy) {
			return rep, err
		}
	}
	return rep, s.failures()
}

// apart orders runs so that those that go on at once have other seeds, each worker a seed's runs one after the other: what the frozen
// layers make of a seed's rows is then computed once, not by every worker at the same time.
func apart(specs []Spec, todo []int, workers int) []int {
	of := map[uint64][]int{}
	var seeds []uint64
	for _, i := range todo {
		s := specs[i].Seed
		if of[s] == nil {
			seeds = append(seeds, s)
		}
		of[s] = append(of[s], i)
	}
	var out []int
	for len(seeds) > 0 {
		for _, s := range seeds[:min(workers, len(seeds))] {
			out, of[s] = append(out, of[s][0]), of[s][1:]
		}
		seeds = slices.DeleteFunc(seeds, func(s uint64) bool { return len(of[s]) == 0 })
	}
	return out
}

type schedule struct {
	bench     *Bench
	specs     []Spec
	store     *store.Store
	opt       Options
	mu        sync.Mutex
	report    *Report
	compacted time.Time
}

func (s *schedule) tell(e Event) {
	if s.opt.Progress == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.Done, e.Total = s.report.Done+s.report.Ran, s.report.Total
	s.opt.Progress(e)
}

// one claims a run, carries it out and stores it. Its error ends the sweep: the store does not take the run.
func (s *schedule) one(ctx context.Context, dev compute.Device, i int) error {
	spec := &s.specs[i]
	id := s.report.IDs[i]
	release, ok, err := s.store.Claim(id)
	if err != nil {
		return err
	}
	if !ok {
		s.mu.Lock()
		s.report.Elsewhere++
		s.mu.Unlock()
		return nil
	}
	defer release()
	if status, err := s.store.Status(id); err != nil || status == store.Done {
		s.mu.Lock()
		s.report.Done++
		s.mu.Unlock()
		return err
	}
	start := time.Now()
	rec, outputs, err := s.try(ctx, dev, spec)
	failed := ""
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && environmental(err):
		s.store.PutTimings(id, []store.Timing{{Stage: "failed", Seconds: time.Since(start).Seconds(), Detail: reason(err)}}) // if there is room for it
		return err
	case err != nil:
		failed = reason(err)
		key, _, _ := s.bench.Keys(spec)
		rec = &store.Record{Run: store.Run{ID: id, Experiment: spec.Experiment, TrainKey: key, Seed: int64(spec.Seed), Arm: spec.Arm, Status: store.Failed, Reason: failed, Spec: s.bench.fields(spec)}}
	}
	if s.opt.Thin != nil && s.opt.Thin(spec) {
		rec.Examples, rec.Steps = nil, nil
	}
	if err := s.store.Put(rec); err != nil {
		return err
	}
	if err := s.store.PutTimings(id, []store.Timing{{Stage: "run", Seconds: time.Since(start).Seconds()}}); err != nil {
		return err
	}
	if len(outputs) > 0 {
		if err := s.store.PutOutputs(id, outputs); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.report.Ran++
	s.mu.Unlock()
	s.tell(Event{Run: spec, Finished: true, Failed: failed})
	return s.compact(ctx)
}

// try turns a panic into the run's failure.
func (s *schedule) try(ctx context.Context, dev compute.Device, spec *Spec) (rec *store.Record, out []store.Output, err error) {
	defer func() {
		if r := recover(); r != nil {
			if os.Getenv("THERIAC_TRACE") != "" {
				debug.PrintStack()
			}
			if f, ok := r.(*compute.Fault); ok {
				err = f
				return
			}
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return s.bench.do(ctx, dev, spec, s.tell)
}

// environmental errors are the machine's, not the run's; such a run is tried again.
func environmental(err error) bool {
	if f := (*compute.Fault)(nil); errors.As(err, &f) {
		return true
	}
	return errors.As(err, new(syscall.Errno))
}

// reason is an error as one line.
func reason(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

func (s *schedule) compact(ctx context.Context) error {
	every := s.opt.Compact
	if every == 0 {
		every = 30 * time.Minute
	}
	s.mu.Lock()
	due := time.Since(s.compacted) > every
	if due {
		s.compacted = time.Now()
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	err := s.store.Compact(ctx)
	var busy *store.BusyError
	if errors.As(err, &busy) {
		return nil
	}
	return err
}

// failures lists the runs of this sweep that failed, now or before.
func (s *schedule) failures() error {
	at := map[string]int{}
	for i, id := range s.report.IDs {
		at[id] = i
	}
	reasons := map[int]string{}
	runs, err := s.store.Runs(func(r *store.Run) bool { _, ours := at[r.ID]; return ours && r.Status == store.Failed })
	if err != nil {
		return err
	}
	for _, r := range runs {
		reasons[at[r.ID]] = r.Reason
	}
	for i := range s.specs {
		if why, ok := reasons[i]; ok {
			s.report.Failed++
			s.report.Failures = append(s.report.Failures, s.specs[i].String()+": "+why)
		}
	}
	return nil
}
