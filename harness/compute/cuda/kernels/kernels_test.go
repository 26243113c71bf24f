package kernels_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"theriac/harness/compute/cuda/cudatest"
	"theriac/harness/compute/cuda/kernels"
)

// The committed PTX is what build.py makes of the source.
func TestPTXIsTheSource(t *testing.T) {
	python := os.Getenv("THERIAC_PYTHON")
	if python == "" || exec.Command(python, "-c", "import nvidia.cuda_nvrtc").Run() != nil {
		cudatest.Skip(t, "needs THERIAC_PYTHON with nvidia-cuda-nvrtc-cu12==12.0.140")
	}
	path := filepath.Join(t.TempDir(), "kernels.ptx")
	if out, err := exec.Command(python, "build.py", path).CombinedOutput(); err != nil {
		t.Fatalf("build.py: %v\n%s", err, out)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, kernels.PTX) {
		t.Fatal("kernels.ptx is not what the source gives; run make ptx")
	}
}

// What every driver since CUDA 12 takes, for every GPU since A100; and no arithmetic that the contract does not
// have: fused multiply-adds are rounded to nearest, and nothing is approximate or flushed to zero.
func TestPTX(t *testing.T) {
	for _, want := range []string{".version 8.0", ".target sm_80", ".address_size 64", "fma.rn.f32"} {
		if !bytes.Contains(kernels.PTX, []byte(want)) {
			t.Errorf("no %s", want)
		}
	}
	for _, bad := range []string{`\.approx`, `\.ftz`, `\batom\.`, `\bred\.`, `fma\.rn\.f64`, `\bmad\.f32`} {
		if m := regexp.MustCompile(bad).Find(kernels.PTX); m != nil {
			t.Errorf("it has %s", m)
		}
	}
}
