package sweep

import (
	"context"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"theriac/harness/store"
)

// processor is the processor's time that this process has taken.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkOverhead compares a sweep (keys, claims, a store that syncs, compaction, progress) with the same runs bare: data,
// training and evaluation, nothing else. Both are measured in processor time, in turn, at the demo's size of a run. The harness may cost 2 %.
func BenchmarkOverhead(b *testing.B) {
	var specs []Spec
	for seed := range uint64(4) {
		s := small("clean", 2000+seed, nil)
		s.Train.Epochs, s.Train.Batch = 4, 4
		s.Data = Data{Name: "generated", Rows: 1000, MaxTokens: 96, Clean: 1000, Probe: 200, Restricted: 60, LookAlike: 60}
		specs = append(specs, s)
	}
	ctx := context.Background()
	bench := openTiny(b, 1, "")
	dev, err := bench.Machine.New()
	if err != nil {
		b.Fatal(err)
	}
	bare := func() time.Duration {
		start := processor(b)
		for i := range specs {
			if _, _, err := bench.do(ctx, dev, &specs[i], nil); err != nil {
				b.Fatal(err)
			}
		}
		return processor(b) - start
	}
	swept := func() time.Duration {
		dir := b.TempDir()
		start := processor(b)
		st, err := store.Open(filepath.Join(dir, "t"), filepath.Join(dir, "s"))
		if err != nil {
			b.Fatal(err)
		}
		if rep, err := bench.Run(ctx, specs, st, Options{Progress: func(Event) {}, Compact: time.Nanosecond}); err != nil || rep.Ran != len(specs) {
			b.Fatal(rep, err)
		}
		return processor(b) - start
	}
	bare() // fills what runs share
	var with, without time.Duration
	for b.Loop() {
		without += bare()
		with += swept()
	}
	b.ReportMetric(100*(with.Seconds()/without.Seconds()-1), "%-overhead")
	b.ReportMetric(without.Seconds()/float64(b.N*len(specs)), "s/run")
}
