package cuda_test

import (
	"math"
	"testing"

	"theriac/harness/compute"
	"theriac/harness/compute/cpu"
	"theriac/harness/compute/cuda"
	"theriac/harness/compute/cuda/cudatest"
	"theriac/harness/compute/oracle"
)

// same fails unless the bits are.
func same(t *testing.T, what string, seed uint64, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s, seed %d: %d values, want %d", what, seed, len(got), len(want))
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s, seed %d: element %d is %g (%x), want %g (%x)", what, seed, i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

// Every operator, through the driver's interface and the kernels' source, gives the CPU's bits; whatever tile products are cut into.
func TestOperators(t *testing.T) {
	dev, host := cudatest.Device(t), cpu.New(1)
	rounds := 40
	if testing.Short() {
		rounds = 8
	}
	for name, op := range oracle.Cases {
		t.Run(name, func(t *testing.T) {
			for i := range rounds {
				seed := uint64(i)*1_000_003 + uint64(len(name))
				cuda.SetTile(dev, i%6)
				same(t, name, seed, op(dev, &oracle.Gen{Device: dev, Seed: seed}), op(host, &oracle.Gen{Device: host, Seed: seed}))
			}
		})
	}
	cuda.SetTile(dev, 0)
}

// In TF32 a product with frozen weights is within the rounding of its factors (2^-11 each) of the exact one; how it is cut into tiles changes no
// bit, nor do the rows beside a row.
func TestTF32(t *testing.T) {
	dev, exact := cudatest.Device(t), oracle.Device{}
	dev.TF32()
	if dev.Class() != "cuda-tf32" {
		t.Fatalf("class %q", dev.Class())
	}
	for _, c := range []struct{ m, k, n int }{{1, 1, 1}, {5, 9, 3}, {70, 33, 130}, {131, 48, 17}, {200, 64, 140}} {
		g := &oracle.Gen{Device: dev, Seed: uint64(c.m)}
		x, u, b, w := g.View(c.m, c.k), g.View(c.m, 8), g.View(c.n, 8), g.Values(c.n*c.k, 1)
		terms := func(d compute.Device, rows int) []compute.Term {
			return []compute.Term{{A: x.Slice(0, rows), W: d.Pack(w, c.n, c.k, compute.ByRows), TransB: true}, {A: u.Slice(0, rows), B: b, TransB: true, Scale: 2}}
		}
		want := compute.Of(make([]float32, c.m*c.n), c.m, c.n)
		exact.MatMul(want, nil, terms(exact, c.m)...)
		var first []float32
		for tile := 1; tile <= 2; tile++ {
			cuda.SetTile(dev, tile)
			got := compute.Of(dev.Alloc(c.m*c.n), c.m, c.n)
			dev.MatMul(got, nil, terms(dev, c.m)...)
			dev.Pull(got.Data)
			differ := false
			for i := range want.Data {
				d := math.Abs(float64(got.Data[i] - want.Data[i]))
				if !(d <= 2e-3*math.Sqrt(float64(c.k+8))) {
					t.Fatalf("%v, tile %d: element %d is %g, want %g", c, tile, i, got.Data[i], want.Data[i])
				}
				differ = differ || d > 1e-6
			}
			if c.k > 8 && !differ {
				t.Errorf("%v: nothing was rounded", c)
			}
			if first == nil {
				first = got.Data
			}
			same(t, "tile", uint64(tile), got.Data, first)
			rows := (c.m + 1) / 2
			part := compute.Of(dev.Alloc(rows*c.n), rows, c.n)
			dev.MatMul(part, nil, terms(dev, rows)...)
			dev.Pull(part.Data)
			same(t, "half the rows", uint64(tile), part.Data, first[:rows*c.n])
		}
	}
}

var _ compute.Device = (*cuda.Device)(nil)
