package main

import (
	"fmt"
	"runtime"
	"strings"

	"theriac/analysis/tables"
	"theriac/harness/compute/cpu"
	"theriac/harness/compute/cuda"
)

type devicesCmd struct{}

// device is one line of what there is.
type device struct {
	Device string `json:"device"`
	What   string `json:"what"`
	Usable bool   `json:"usable"`
	Reason string `json:"reason,omitempty"`
}

// Run lists the CPU and the GPUs. That there is no GPU is no error.
func (devicesCmd) Run(a *app) error {
	all := []device{{Device: "cpu", What: fmt.Sprintf("%s, %d cores, %s", runtime.GOARCH, runtime.NumCPU(), cpu.InstructionSets()[0]), Usable: true}}
	gpus, err := cuda.Devices()
	if err != nil {
		all = append(all, device{Device: "cuda", Reason: strings.TrimPrefix(err.Error(), "cuda: ")})
	}
	for _, g := range gpus {
		all = append(all, device{
			Device: "cuda", What: fmt.Sprintf("%s, %d MiB, compute capability %d.%d, driver for CUDA %d.%d", g.Name, g.Memory>>20, g.Compute/10, g.Compute%10, g.Driver/1000, g.Driver%1000/10),
			Usable: g.Reason == "", Reason: g.Reason,
		})
	}
	if a.JSON {
		return printJSON(a.out, map[string]any{"devices": all, "cuda_proof": cuda.Proof})
	}
	t := tables.Table{Header: []string{"--device", "what", "usable"}}
	for _, d := range all {
		usable := "yes"
		if !d.Usable {
			usable = "no: " + d.Reason
		}
		t.Add(d.Device, d.What, usable)
	}
	fmt.Fprintf(a.out, "%s\n%s\n", t.Terminal(), cuda.Proof)
	return nil
}
