package store

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// peak is the greatest resident memory since the last call, in MiB; 0 where the kernel does not tell.
func peak() float64 {
	defer os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	text, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	kb, _ := strconv.Atoi(strings.Fields(rest + " 0")[0])
	return float64(kb) / 1024
}

// BenchmarkTenThousand is the third demand: 10,000 runs of 100 items, 50 steps and 30 metrics
// are compacted, listed, filtered and read. Run it with -benchtime 1x.
func BenchmarkTenThousand(b *testing.B) {
	const runs, steps, items, metrics = 10000, 50, 100, 30
	for b.Loop() {
		dir := b.TempDir()
		s := open(b, dir)
		begin := time.Now()
		rows := 0
		for i := range runs {
			r := record(i, steps, items, metrics)
			data := must(encodeShard(must(canonical(r))))
			name := shardName(r.ID, data)
			if i == 0 {
				put(b, s, r) // makes the directories
			}
			if err := os.WriteFile(filepath.Join(s.shards, name), data, 0o644); err != nil {
				b.Fatal(err)
			}
			rows += 1 + len(r.Metrics) + len(r.Steps) + len(r.Items) + len(r.Examples) + len(r.Scores) + len(r.Detections)
		}
		b.Logf("%d runs, %d rows: put without sync in %v", runs, rows, time.Since(begin))

		measure := func(what string, do func() int) {
			peak()
			begin := time.Now()
			n := do()
			d := time.Since(begin)
			b.Logf("%-40s %8.2f s  %10.0f rows/s  %4.0f MiB", what, d.Seconds(), float64(n)/d.Seconds(), peak())
			b.ReportMetric(d.Seconds(), strings.ReplaceAll(what, " ", "-")+"-s")
		}
		count := func(s *Store, keep func(*Run) bool, tables ...string) int {
			n := 0
			for r, err := range s.Scan(keep, tables...) {
				if err != nil {
					b.Fatal(err)
				}
				n++
				for _, t := range longTables {
					n += t.count(r)
				}
			}
			return n
		}
		measure("open 10,000 shards", func() int { return len(must(open(b, dir).Done())) })
		measure("compact shards", func() int { compact(b, s); return rows })
		put(b, s, record(runs, steps, items, metrics))
		measure("compact one more shard", func() int { compact(b, s); return rows })
		measure("list runs", func() int { return len(must(open(b, dir).Runs(nil))) })
		measure("filter runs", func() int {
			return len(must(open(b, dir).Runs(func(r *Run) bool { return r.Seed == 3 && r.Arm == "poisoned" })))
		})
		measure("scan metrics", func() int { return count(open(b, dir), nil, "metrics") })
		measure("scan all tables", func() int { return count(open(b, dir), nil, Tables...) })
		measure("scan a tenth", func() int { return count(open(b, dir), func(r *Run) bool { return r.Seed == 3 }, Tables...) })
		measure("get one run", func() int { must(open(b, dir).Get(record(77, 0, 0, 0).ID)); return 1 })
	}
}

// BenchmarkFinished opens a finished experiment of 1,000 runs with nothing to do.
func BenchmarkFinished(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir)
	for i := range 1000 {
		put(b, s, record(i, 50, 100, 30))
	}
	compact(b, s)
	for b.Loop() {
		s := open(b, dir)
		if done, err := s.Done(); err != nil || len(done) != 1000 {
			b.Fatal(len(done), err)
		}
		if err := s.Compact(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPut(b *testing.B) {
	s := open(b, b.TempDir())
	r := record(1, 50, 100, 30)
	for b.Loop() {
		put(b, s, r)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
