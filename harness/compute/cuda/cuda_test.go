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
				cuda.SetTile(dev, []int{0, 1, 2, 4, 8}[i%5])
				same(t, name, seed, op(dev, &oracle.Gen{Device: dev, Seed: seed}), op(host, &oracle.Gen{Device: host, Seed: seed}))
			}
		})
	}
	cuda.SetTile(dev, 0)
}

var _ compute.Device = (*cuda.Device)(nil)
