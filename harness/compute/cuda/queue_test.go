package cuda_test

import (
	"sync"
	"testing"

	"theriac/harness/compute"
	"theriac/harness/compute/cpu"
	"theriac/harness/compute/cuda/cudatest"
	"theriac/harness/compute/oracle"
)

// Runs side by side, with other shapes each, give what they give alone, and share most of their launches; also where some have more to do.
func TestRunsShareLaunches(t *testing.T) {
	g, _ := cudatest.GPU(t)
	const runs = 8
	work := func(d compute.Device, run int) (out []float32) {
		gen := &oracle.Gen{Device: d, Seed: uint64(run)}
		rows := 3 + 5*run
		x, y, w := gen.View(rows, 24), gen.View(rows, 24), d.Pack(gen.Values(24*24, 1), 24, 24, compute.ByRows)
		p, grad, m, v := gen.Values(100, 1), gen.Values(100, 1), d.Alloc(100), d.Alloc(100)
		ids := make([]int32, rows)
		for i := range ids {
			ids[i] = int32(i * 3 % rows)
		}
		for step := range 6 {
			for range 10 {
				d.MatMul(y, nil, compute.Term{A: x, W: w, TransB: true, Scale: 0.5})
				d.SiLUMul(x, y, x)
				d.Gather(y, x.Data[:rows*24], ids)
				d.Add(x, y)
			}
			for range 1 + (run+step)%3 { // as many blocks of a head
				out = append(out, float32(d.SumSquares(x.Data)))
			}
			d.Scale(grad, 0.9)
			d.AdamW(p, grad, m, v, compute.AdamW{LR: 1e-3, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, Step: step + 1})
			out = append(out, float32(d.SumSquares(p)))
		}
		d.Pull(x.Data)
		d.Pull(p)
		return append(append(out, x.Data...), p...)
	}
	got := make([][]float32, runs)
	watch, err := g.New()
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	watch.Use()
	var wg sync.WaitGroup
	for run := range runs {
		wg.Go(func() {
			d, err := g.New()
			if err != nil {
				t.Error(err)
				return
			}
			defer d.Close()
			if err := compute.Guard(func() error { got[run] = work(d, run); return nil }); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	u := watch.Use()
	if u.Jobs < 6*44*runs || 2*u.Launches > u.Jobs {
		t.Errorf("%d launches for %d jobs: they are not shared", u.Launches, u.Jobs)
	}
	for run := range runs {
		same(t, "run", uint64(run), got[run], work(cpu.New(1), run))
	}
}
