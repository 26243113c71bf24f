//go:build unix

package report

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// child renders the report of the store at root in a process of its own, and gives the processor's time it
// took (a busy machine makes the clock's say little) and its largest memory, in bytes.
func child(t testing.TB, root string) (time.Duration, int64) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestDeterministic$")
	cmd.Env = append(os.Environ(), "REPORT_CHILD="+root)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("no resource usage")
	}
	unit := int64(1024)
	if runtime.GOOS == "darwin" {
		unit = 1
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), int64(u.Maxrss) * unit
}

// runsOf is a study of about n runs of 100 items, 50 steps and 30 metrics.
func runsOf(n int) study {
	all := 0
	for _, list := range arms {
		all += len(list)
	}
	return study{seeds: n / all, items: 100, steps: 50, metrics: 30, rate: ordinary, verdicts: true}
}

func TestBudget(t *testing.T) {
	root := t.TempDir()
	runsOf(400).write(t, root, "demo")
	if took, memory := child(t, root); memory > 400<<20 {
		t.Errorf("400 runs take %s and %d MiB; want at most 400 MiB", took, memory>>20)
	}
}

// BenchmarkReport holds the budget: 10,000 stored runs in 10 s of one core and 1 GiB. Making the store takes minutes.
func BenchmarkReport(b *testing.B) {
	root := b.TempDir()
	runsOf(10_000).write(b, root, "demo")
	b.ResetTimer()
	for range b.N {
		took, memory := child(b, root)
		b.ReportMetric(took.Seconds(), "cpu-s")
		b.ReportMetric(float64(memory)/(1<<20), "MiB")
		if took > 10*time.Second || memory > 1<<30 {
			b.Errorf("took %s of one core and %d MiB; want at most 10 s and 1024 MiB", took, memory>>20)
		}
	}
}
