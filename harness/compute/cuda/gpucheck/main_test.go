package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"theriac/harness/compute/cuda/cudatest"
)

// The whole check but for PEFT, on the kernels as C++: everything holds, and the report says so.
func TestCheck(t *testing.T) {
	cudatest.Use(t)
	r, err := check(context.Background(), settings{model: filepath.Join("..", "..", "..", "finetune", "testdata", "arch", "llama"), steps: 2, runs: 2, rounds: 2, seeds: 1, backdoorRows: 16, probes: 4, threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	text := r.text()
	if r.failed {
		t.Error(text)
	}
	for _, want := range []string{"operator attention backward: holds", "loss curve, cuda: holds", "run to run, cuda: holds", "backdoor, cuda: holds", "loss curve, cuda-tf32: ", "run to run, cuda-tf32: holds", "backdoor, cuda-tf32: ", "utilisation is", "| gemm"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report does not say %q:\n%s", want, text)
		}
	}
	r.add("a lie", false, "It is one.")
	if !r.failed || !strings.Contains(r.text(), "**DOES NOT HOLD**") {
		t.Error("what does not hold goes unsaid")
	}
}

func TestNoGPU(t *testing.T) {
	t.Setenv("THERIAC_LIBCUDA", filepath.Join(t.TempDir(), "none.so"))
	if _, err := check(context.Background(), settings{}); err == nil || !strings.Contains(err.Error(), "no NVIDIA driver") {
		t.Fatalf("error %v, want one about the driver", err)
	}
}
