package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"theriac/analysis/tables"
	"theriac/harness/compute/cpu"
	"theriac/harness/model/hub"
)

type doctorCmd struct{}

// finding is one thing that doctor looked at.
type finding struct {
	What   string `json:"what"`
	Found  string `json:"found"` // "" where there is none
	Remedy string `json:"remedy,omitempty"`
}

// Run prints what is here. What is missing is never an error: everything optional says what it is for.
func (doctorCmd) Run(a *app) error {
	sets := cpu.InstructionSets()
	all := []finding{
		{What: "system", Found: runtime.GOOS + "/" + runtime.GOARCH + ", built with " + runtime.Version()},
		{What: "instruction sets, best first", Found: strings.Join(sets, ", ")},
		{What: "cores", Found: fmt.Sprintf("%d, %d threads by default", runtime.NumCPU(), runtime.GOMAXPROCS(0))},
		{What: "processor's caches", Found: processorCaches("/sys/devices/system/cpu/cpu0/cache")},
		{What: "memory", Found: memory("/proc/meminfo")},
		found("SmolLM2", smollm2(), "theriac pull smollm2"),
		found("public data (--data-dir)", directory(a.DataDir), "name their directory with --data-dir or THERIAC_DATA; theriac list data says what can be used"),
		tool("python3", "brings SmolLM2; make interop, make bench-peft"),
		tool("g++", "make test of the CUDA kernels without a GPU"),
		tool("go", "theriac new's notebooks compiled; make test"),
		tool("qemu-aarch64-static", "make test-arm64 (package qemu-user-static)"),
	}
	if len(sets) == 1 {
		all[1].Remedy = "only portable code runs here, slowly: every result is the same"
	}
	if a.JSON {
		data, err := json.Marshal(all)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.out, "%s\n", data)
		return err
	}
	t := tables.Table{Header: []string{"what", "found", "remedy"}}
	for _, f := range all {
		if f.Found == "" {
			f.Found = "none"
		}
		t.Add(f.What, f.Found, f.Remedy)
	}
	fmt.Fprint(a.out, t.Terminal())
	return nil
}

func found(what, where, remedy string) finding {
	if where != "" {
		remedy = ""
	}
	return finding{what, where, remedy}
}

func tool(name, use string) finding {
	path, _ := exec.LookPath(name)
	return found(name, path, "optional: "+use)
}

func directory(path string) string {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return path
	}
	return ""
}

func smollm2() string {
	path, err := hub.Resolve("smollm2")
	if err != nil {
		return ""
	}
	return path
}

// processorCaches reads sizes as Linux shows them: "L1 32K, L2 512K".
func processorCaches(dir string) string {
	var out []string
	indices, _ := filepath.Glob(filepath.Join(dir, "index*"))
	slices.Sort(indices)
	for _, i := range indices {
		read := func(name string) string {
			data, _ := os.ReadFile(filepath.Join(i, name))
			return strings.TrimSpace(string(data))
		}
		if read("type") != "Instruction" && read("size") != "" {
			out = append(out, "L"+read("level")+" "+read("size"))
		}
	}
	return strings.Join(out, ", ")
}

// memory reads the total and what is available, in GiB.
func memory(path string) string {
	data, _ := os.ReadFile(path)
	kib := map[string]float64{}
	for line := range strings.Lines(string(data)) {
		var name string
		var n float64
		if _, err := fmt.Sscan(strings.Replace(line, ":", " ", 1), &name, &n); err == nil {
			kib[name] = n
		}
	}
	if kib["MemTotal"] == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f GiB, %.1f available", kib["MemTotal"]/(1<<20), kib["MemAvailable"]/(1<<20))
}
