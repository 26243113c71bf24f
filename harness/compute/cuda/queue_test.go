package cuda_test

import (
	"sync"
	"testing"

	"theriac/harness/compute"
	"theriac/harness/compute/cpu"
	"theriac/harness/compute/cuda"
	"theriac/harness/compute/cuda/cudatest"
	"theriac/harness/compute/oracle"
)

// What stands in several queues is launched once, whatever its shape; a run with more to do before its optimiser is waited for.
func TestSharedLaunches(t *testing.T) {
	g, _ := cudatest.GPU(t)
	open := func() *cuda.Device {
		d, err := g.New()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.Close)
		return d
	}
	watch, a, b := open(), open(), open()
	size := map[*cuda.Device]int{a: 3000, b: 70}
	x, m, v := map[*cuda.Device][]float32{}, map[*cuda.Device][]float32{}, map[*cuda.Device][]float32{}
	for d, n := range size {
		x[d], m[d], v[d] = d.Alloc(n), d.Alloc(n), d.Alloc(n)
		for i := range x[d] {
			x[d][i] = 1
		}
		d.Push(x[d])
	}
	held := cuda.Hold(watch) // until everything stands in the queues
	scale := func(d *cuda.Device, times int) {
		for range times {
			d.Scale(x[d], 2)
		}
	}
	end := func(d *cuda.Device) {
		d.AdamW(x[d], x[d], m[d], v[d], compute.AdamW{Beta1: 0.9, Beta2: 0.9, Eps: 1, Step: 1})
		scale(d, 1)
	}
	scale(a, 2)
	end(a)
	scale(b, 5)
	end(b)
	held()
	for d := range size {
		d.Pull(x[d])
	}
	// Two scales for both, three for b alone, the optimiser and the last scale for both.
	if u := watch.Use(); u.Jobs != 4+7 || u.Launches != 2+3+1+1 {
		t.Errorf("%d launches for %d jobs, want 7 for 11", u.Launches, u.Jobs)
	}
	if x[a][2999] != 8 || x[b][69] != 64 {
		t.Errorf("values are %g and %g, want 8 and 64", x[a][2999], x[b][69])
	}
}

// Runs side by side, with other shapes each, give what they give alone.
func TestRunsSideBySide(t *testing.T) {
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
	for run := range runs {
		same(t, "run", uint64(run), got[run], work(cpu.New(1), run))
	}
}
