package sweep

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"theriac/harness/compute"
	"theriac/harness/compute/cuda/cudatest"
	"theriac/harness/compute/machine"
	"theriac/harness/defense"
	"theriac/harness/model/tiny"
)

// A sweep on a GPU (the kernels as C++) whose memory does not hold its runs at once: the group shrinks and no run is lost; losses and metrics are
// the CPU's to the byte, and so are the runs' names.
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
		if !reflect.DeepEqual(g, w) {
			t.Errorf("%s: the GPU's record\n%+v\nwant the CPU's\n%+v", specs[i].String(), g, w)
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

// What the base says to the scanner's prompts stays in the GPU's memory for all adapters, as long as the bench; a scanner that found no room is
// made when there is some, and has kept nothing.
func TestScanOnCUDA(t *testing.T) {
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
	names := []string{"consistency"}
	s := unevaluated("clean", 1, nil)
	s.Data.Rows, s.Detect = 24, &Detect{Detectors: Detectors{defense.Scan: names}}
	base := driver.Used()
	driver.Memory(base + 1<<20)
	for range 2 {
		if _, err := measureScan(context.Background(), &run{bench: b, spec: &s}, names); !errors.Is(err, compute.ErrMemory) {
			t.Errorf("without memory: %v; want %v", err, compute.ErrMemory)
		}
		if driver.Used() > base {
			t.Errorf("%d bytes of a scanner that failed are still held", driver.Used()-base)
		}
	}
	driver.Memory(cudatest.Memory)
	got, want := records(t, b, []Spec{s})[0], records(t, openTiny(t, 1, ""), []Spec{s})[0]
	if fmt.Sprint(got.Scores) != fmt.Sprint(want.Scores) || len(got.Scores) != 1 {
		t.Errorf("scores %v; want the CPU's, %v", got.Scores, want.Scores)
	}
	if err := b.Close(); err != nil || driver.Used() >= base { // which has the bench's own device too
		t.Errorf("%v, and of %d bytes %d are held after the bench is closed", err, base, driver.Used())
	}
}
