// Package machine chooses where to compute: the CPU or a GPU.
package machine

import (
	"fmt"
	"runtime"
	"sync"

	"theriac/harness/compute"
	"theriac/harness/compute/cpu"
	"theriac/harness/compute/cuda"
)

// Machine makes devices of one class.
type Machine struct {
	Class   string // "cpu", "cuda" or "cuda-tf32"
	Threads int    // of the CPU

	gpu *cuda.GPU
}

// CPU is the host with that many threads; 0 is all cores.
func CPU(threads int) *Machine {
	if threads <= 0 {
		threads = runtime.NumCPU()
	}
	return &Machine{Class: "cpu", Threads: threads}
}

// gpu is opened once a process: every device of it shares the context and the packed weights.
var gpu = sync.OnceValues(cuda.Open)

// Open gives the machine of that name: "cpu", "cuda", "cuda-tf32" (the same with products in TF32, numerics of their own), or "auto" for cuda if a
// GPU is usable and else the CPU; why is then the reason, in a line.
func Open(name string, threads int) (m *Machine, why string, err error) {
	m = CPU(threads)
	if name == "cpu" || name == "" {
		return m, "", nil
	}
	if name != "cuda" && name != "cuda-tf32" && name != "auto" {
		return nil, "", fmt.Errorf("device %q: want cpu, cuda, cuda-tf32 or auto", name)
	}
	g, err := gpu()
	switch {
	case err == nil:
		m.Class, m.gpu = "cuda", g
		if name == "cuda-tf32" {
			m.Class = name
		}
		return m, "", nil
	case name == "auto":
		return m, "computing on the CPU: " + err.Error(), nil
	}
	return nil, "", fmt.Errorf("--device %s: %w", name, err)
}

// New is a device with all the machine's threads.
func (m *Machine) New() (compute.Device, error) { return m.device(m.Threads) }

// Worker is a device for one of the runs that go on at once: its share of the threads, or a queue of the GPU's.
func (m *Machine) Worker(runs int) (compute.Device, error) {
	return m.device(max(1, m.Threads/max(1, runs)))
}

func (m *Machine) device(threads int) (compute.Device, error) {
	if m.gpu == nil {
		return cpu.New(threads), nil
	}
	d, err := m.gpu.New()
	if err != nil {
		return nil, err
	}
	if m.Class == "cuda-tf32" {
		d.TF32()
	}
	return d, nil
}

// mostRuns is how many runs share a GPU; too little memory makes a group smaller.
const mostRuns = 32

// Workers is how many runs are worked on at a time.
func (m *Machine) Workers() int {
	if m.gpu != nil {
		return mostRuns
	}
	return m.Threads
}
