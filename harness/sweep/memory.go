package sweep

// Scheduling by memory: as many runs at once as there are threads, or as their memory allows.

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"theriac/harness/model"
)

// Memory estimates the bytes that a run takes beside the shared base: saved activations, scratch, the adapter with its gradients
// and moments, and the runner that evaluates.
func (b *Bench) Memory(s *Spec) int64 { return runMemory(b.Base.Config, s) }

func runMemory(c model.Config, s *Spec) int64 {
	q, kv := int64(c.Heads*c.HeadDim), int64(c.KVHeads*c.HeadDim)
	d, ffn := int64(c.Hidden), int64(c.FFN)
	wide := max(d, q, ffn)
	runner := evalRows * (6*d + 4*wide + int64(c.Vocab)/8)
	if s.Untrained {
		return 4 * runner
	}
	first, err := s.Train.First(c.Layers)
	if err != nil {
		return 4 * runner
	}
	layers := int64(c.Layers - first)
	rows := int64(s.Train.Batch * s.Data.MaxTokens)
	saved := rows * layers * (2*q + 2*kv + 2*ffn + 4*d) // kept for backward, and each half-block's output
	scratch := rows * (4*d + 6*wide + int64(c.Vocab)/8)
	perLayer := 2*d*q + 2*d*kv + 3*d*ffn
	trained := layers * perLayer
	if s.Train.Method == "full" {
		trained += int64(c.Vocab) * d
	} else {
		rank := int64(s.Train.Rank)
		trained = layers * rank * (5*d + 2*q + 2*kv + 3*ffn)
	}
	return 4 * (runner + saved + scratch + 4*trained) // values, gradients and two moments
}

// workers is how many of the runs go on at once.
func (b *Bench) workers(specs []Spec, todo []int, memory int64) int {
	if b.Machine.Class != "cpu" {
		return b.Machine.Workers() // which knows its own memory
	}
	need := int64(1)
	for _, i := range todo {
		need = max(need, b.Memory(&specs[i]))
	}
	if left := available(); memory <= 0 || left > 0 && left < memory {
		memory = left
	}
	return workers(b.Machine.Workers(), memory, need)
}

// workers: at least one, whatever it needs.
func workers(threads int, memory, need int64) int {
	if memory <= 0 {
		return threads
	}
	return int(max(1, min(int64(threads), memory/need)))
}

// available is the memory that this machine, or the control group that the process is in, has left, in bytes; 0 where the kernel does not tell.
func available() int64 {
	if runtime.GOOS != "linux" {
		return 0
	}
	left := int64(0)
	if data, err := os.ReadFile("/proc/meminfo"); err == nil {
		_, rest, _ := strings.Cut(string(data), "MemAvailable:")
		if f := strings.Fields(rest); len(f) > 0 {
			kb, _ := strconv.ParseInt(f[0], 10, 64)
			left = kb << 10
		}
	}
	number := func(path string) (int64, bool) {
		data, err := os.ReadFile(path)
		if err != nil {
			return 0, false
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64)
		return n, err == nil
	}
	if limit, ok := number("/sys/fs/cgroup/memory.max"); ok {
		if used, ok := number("/sys/fs/cgroup/memory.current"); ok && (left == 0 || limit-used < left) {
			left = max(1, limit-used)
		}
	}
	return left
}
