// Command gpucheck runs everything that compute/cuda promises on the GPU at hand and writes a report: `make gpu-check`, at most ten minutes, no
// network. It exits 1 where a promise does not hold.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"

	"theriac/harness/compute/cuda"
	"theriac/harness/compute/machine"
	"theriac/harness/model"
)

// settings are how much is done.
type settings struct {
	model  string // directory or GGUF file of the model; "": one of SmolLM2's shape that Python writes
	python string // with torch, transformers and peft; "": no comparison
	steps  int    // of the loss curve
	runs   int    // trained at a time
	rounds int    // of each operator
	seeds  int    // of the backdoor
	// backdoorRows is how many rows a backdoored run trains on.
	backdoorRows int
	probes       int // how many triggered items it is judged on
	threads      int
	out          string // the report, written after each part; "": not written
	only         string // of parts, the one to do; "": all
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("gpu-check: ")
	s := settings{steps: 50, runs: 32, rounds: 40, seeds: 3, backdoorRows: 1000, probes: 100}
	flag.StringVar(&s.model, "model", os.Getenv("THERIAC_SMOLLM2"), "model directory or GGUF file; none: a random one of SmolLM2's shape")
	flag.StringVar(&s.python, "python", "python3", "Python with torch, transformers and peft")
	flag.IntVar(&s.threads, "threads", runtime.NumCPU(), "CPU threads")
	flag.StringVar(&s.only, "only", "", "do these parts alone, comma-separated: operators, products, backdoor, speed, peft (with speed), curve")
	out := flag.String("out", "gpu-check.md", "the report")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 590*time.Second)
	defer cancel()
	s.out = *out
	r, err := check(ctx, s)
	if err != nil {
		r.add("the check itself", false, err.Error())
	}
	fmt.Print(r.text())
	if err := renameio.WriteFile(*out, []byte(r.text()), 0o666); err != nil {
		log.Fatal(err)
	}
	if r.failed {
		os.Exit(1)
	}
}

// report is what was found, in order.
type report struct {
	lines  []string
	failed bool
}

func (r *report) add(what string, ok bool, detail string) {
	mark := "holds"
	if !ok {
		mark, r.failed = "**DOES NOT HOLD**", true
	}
	r.lines = append(r.lines, fmt.Sprintf("- %s: %s. %s", what, mark, detail))
	fmt.Fprintln(os.Stderr, r.lines[len(r.lines)-1])
}

func (r *report) note(text string) { r.lines = append(r.lines, text) }

func (r *report) text() string {
	return "# gpu-check\n\n" + strings.Join(r.lines, "\n") + "\n"
}

// checker is a check under way.
type checker struct {
	settings
	*report
	gpu   *machine.Machine
	tf32  *machine.Machine
	cpu   *machine.Machine
	info  cuda.Info
	dir   string
	model *model.Model
}

// part says whether a part is asked for.
func (s settings) part(name string) bool {
	return s.only == "" || slices.Contains(strings.Split(s.only, ","), name)
}

func check(ctx context.Context, s settings) (*report, error) {
	r := &report{}
	c := &checker{settings: s, report: r, cpu: machine.CPU(s.threads)}
	all, err := cuda.Devices()
	if err != nil {
		return r, err
	}
	c.info = all[0]
	r.note(fmt.Sprintf("%s, %d MiB, compute capability %d.%d, %d processors, driver for CUDA %d.%d; %d CPU threads.\n",
		c.info.Name, c.info.Memory>>20, c.info.Compute/10, c.info.Compute%10, c.info.Processors, c.info.Driver/1000, c.info.Driver%1000/10, s.threads))
	if c.gpu, _, err = machine.Open("cuda", s.threads); err != nil {
		return r, err
	}
	if c.tf32, _, err = machine.Open("cuda-tf32", s.threads); err != nil {
		return r, err
	}
	if c.dir, err = os.MkdirTemp("", "gpu-check-*"); err != nil {
		return r, err
	}
	defer os.RemoveAll(c.dir)
	if c.settings.model == "" {
		c.settings.model = filepath.Join(c.dir, "model")
		if _, err := c.peft(ctx, "model", c.settings.model); err != nil {
			return r, err
		}
	}
	if c.model, err = model.Open(c.settings.model); err != nil {
		return r, err
	}
	defer c.model.Close()
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{{"operators", c.operators}, {"products", c.products}, {"speed", c.speed}, {"curve", c.curve}, {"backdoor", c.backdoor}} {
		if !c.part(part.name) {
			continue
		}
		start := time.Now()
		if err := part.do(ctx); err != nil {
			return r, fmt.Errorf("%s: %w", part.name, err)
		}
		if s.out != "" {
			if err := renameio.WriteFile(s.out, []byte(r.text()), 0o666); err != nil {
				return r, err
			}
		}
		log.Printf("%s took %.1f s", part.name, time.Since(start).Seconds())
	}
	return r, nil
}
