package sweep

import (
	"slices"
	"testing"

	"theriac/harness/compute/cuda/cudatest"
	"theriac/harness/compute/machine"
	"theriac/harness/model/tiny"
	"theriac/harness/store"
)

func device(r *store.Record) string {
	for _, f := range r.Spec {
		if f.Name == "device" {
			return f.Value
		}
	}
	return ""
}

// A sweep on a GPU (the kernels as C++) whose memory does not hold its runs at once: the group shrinks and no run is lost; losses and metrics are
// the CPU's; but the runs are others', and labelled.
func TestSweepOnCUDA(t *testing.T) {
	driver := cudatest.Use(t)
	on, why, err := machine.Open("auto", 1)
	if err != nil || on.Class != "cuda" {
		t.Fatalf("%+v, %s, %v", on, why, err)
	}
	m, err := tiny.Open()
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(m, on, "", 96)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var specs []Spec
	for _, s := range grid() {
		s.Data.Rows, s.Data.Clean, s.Data.Probe, s.Data.Restricted, s.Data.LookAlike = 24, 10, 5, 2, 0
		specs = append(specs, s)
	}
	specs = append(specs, Spec{Experiment: "test", Arm: "base", Untrained: true, Data: specs[0].Data})
	base := driver.Used()
	driver.Memory(base + runsMemory)
	refused := driver.Refusals()
	got, want := records(t, b, specs), records(t, openTiny(t, 1, ""), specs)
	for i := range want {
		g, w := got[i], want[i]
		if g.ID == w.ID || g.TrainKey == w.TrainKey {
			t.Errorf("%s: the CPU's run and the GPU's have one name", specs[i].String())
		}
		if device(g) != "cuda" || device(w) != "" {
			t.Errorf("%s: devices %q and %q, want cuda and none", specs[i].String(), device(g), device(w))
		}
		if !slices.Equal(g.Metrics, w.Metrics) || !slices.Equal(g.Steps, w.Steps) {
			t.Errorf("%s: metrics\n%v\nsteps %v\nwant\n%v\n%v", specs[i].String(), g.Metrics, g.Steps, w.Metrics, w.Steps)
		}
	}
	if driver.Refusals() == refused {
		t.Error("memory held all runs at once: the test shows nothing")
	}
	if driver.Used() != base {
		t.Errorf("%d bytes of the runs are still held", driver.Used()-base)
	}
}

// runsMemory is more than one of the test's runs takes, less than all do.
const runsMemory = 72 << 20
