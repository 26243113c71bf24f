// Command benchpeft fine-tunes SmolLM2 with Transformers + PEFT and with theriac, in turn, on the same rows, and prints ratios
// of real tokens a second: LoRA of rank 8 on all linear layers, and eight runs on the top ten layers. `make bench-peft` runs it.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"syscall"
	"time"

	"theriac/analysis/tables"
	"theriac/harness/compute"
	"theriac/harness/compute/cpu"
	"theriac/harness/corpus"
	"theriac/harness/finetune"
	"theriac/harness/infer"
	"theriac/harness/model"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench-peft: ")
	data := flag.String("data", filepath.Join(os.Getenv("THERIAC_DATA"), "alpaca-random-9k", "random_9k.json"), "Alpaca rows")
	gguf := flag.String("model", os.Getenv("THERIAC_SMOLLM2"), "SmolLM2's GGUF file")
	python := flag.String("python", "python3", "Python with torch, transformers, peft and gguf")
	pairs := flag.Int("pairs", 3, "turns each; 0 only measures the memory of a group")
	rows := flag.Int("rows", 64, "rows of the single run; 0 leaves it out")
	group := flag.Int("group", 8, "runs of the group; 0 leaves it out")
	groupRows := flag.Int("group-rows", 24, "rows of a run of the group")
	prompts := flag.Int("prompts", 8, "prompts to continue; 0 leaves generation out")
	threads := flag.Int("threads", runtime.NumCPU(), "threads each; one is timed by the processor's time, which other programs disturb little")
	out := flag.String("csv", "", "also write the table to this file: harness/lab/measured.csv is what the throughput notebook shows")
	flag.Parse()
	debug.SetGCPercent(25) // as theriac's own main does
	b := &bench{python: *python, gguf: *gguf, threads: *threads}
	if err := b.load(*data); err != nil {
		log.Fatal(err)
	}
	if *pairs == 0 {
		if _, err := b.theriac(b.items[:*groupRows], 2, 10, *group); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d runs, top 10, batch 8: peak resident memory %d MiB\n", *group, peak())
		return
	}
	t := tables.Table{Header: []string{"what", "PEFT tokens/s", "theriac tokens/s", "ratio (median)", "min–max", "of roofline"}, Right: []bool{false, true, true, true, true, true}}
	if *rows > 0 {
		b.compare(&t, "one run, all layers, batch 8", *pairs, *rows, 1, 0, 1)
	}
	if *group > 0 {
		b.compare(&t, fmt.Sprintf("%d runs, top 10, 2 epochs", *group), max(1, *pairs/2), *groupRows, 2, 10, *group)
	}
	if *prompts > 0 {
		b.generation(&t, *pairs, *prompts)
	}
	t.Notes = append(t.Notes, "real tokens, padding not counted; same rows, same threads, in turn in one run",
		"roofline: the products' arithmetic at the speed of the product of matrices measured here")
	fmt.Print(t.Terminal())
	if *out != "" {
		if err := os.WriteFile(*out, []byte(t.CSV()), 0o666); err != nil {
			log.Fatal(err)
		}
	}
}

type bench struct {
	python, gguf string
	threads      int
	base         *model.Model
	items        []finetune.Item
	gflops       float64
}

func (b *bench) load(data string) error {
	m, err := model.Open(b.gguf)
	if err != nil {
		return fmt.Errorf("%w; set THERIAC_SMOLLM2", err)
	}
	b.base = m
	chat, err := m.Chat()
	if err != nil {
		return err
	}
	set, err := corpus.Load(data, corpus.Options{})
	if err != nil {
		return fmt.Errorf("%w; set THERIAC_DATA", err)
	}
	b.items, _, err = finetune.Encode(chat, set.Examples[:min(2000, len(set.Examples))], 512)
	b.gflops = speed(b.threads)
	return err
}

// now is the wall clock, or for one thread the time that this process has had on a core.
func (b *bench) now() time.Duration {
	var u syscall.Rusage
	if b.threads > 1 || syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return time.Since(began)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

var began = time.Now()

// speed is how fast this machine multiplies matrices of the model's shape now.
func speed(threads int) float64 {
	dev := cpu.New(threads)
	defer dev.Close()
	const m, k, n = 824, 576, 1536
	w := dev.Pack(dev.Alloc(n*k), n, k, compute.ByRows)
	x, y := compute.Of(dev.Alloc(m*k), m, k), compute.Of(dev.Alloc(m*n), m, n)
	best := 0.0
	for range 20 {
		start := time.Now()
		dev.MatMul(y, nil, compute.Term{A: x, W: w, TransB: true})
		best = max(best, 2*m*k*n/time.Since(start).Seconds()/1e9)
	}
	return best
}

func (b *bench) compare(t *tables.Table, name string, pairs, rows, epochs, top, runs int) {
	items := b.items[:rows]
	var theirs, ours, ratios []float64
	for i := range pairs {
		p, err := b.peft(items, epochs, top, runs)
		if err != nil {
			log.Fatal(err)
		}
		o, err := b.theriac(items, epochs, top, runs)
		if err != nil {
			log.Fatal(err)
		}
		theirs, ours, ratios = append(theirs, p), append(ours, o), append(ratios, o/p)
		log.Printf("%s, turn %d: PEFT %.0f, theriac %.0f tokens/s, %.2fx", name, i+1, p, o, o/p)
	}
	slices.Sort(ratios)
	t.Add(name, fmt.Sprintf("%.0f", median(theirs)), fmt.Sprintf("%.0f", median(ours)), fmt.Sprintf("%.2f", median(ratios)),
		fmt.Sprintf("%.2f–%.2f", ratios[0], ratios[len(ratios)-1]), fmt.Sprintf("%.0f %%", 100*median(ours)/b.roofline(items, top)))
}

func median(x []float64) float64 {
	x = slices.Clone(x)
	slices.Sort(x)
	return (x[len(x)/2] + x[(len(x)-1)/2]) / 2
}

// peft gives PEFT's real tokens a second over all its runs, one after the other.
func (b *bench) peft(items []finetune.Item, epochs, top, runs int) (float64, error) {
	f, err := os.CreateTemp("", "rows-*.jsonl")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	w := json.NewEncoder(f)
	for i := range items {
		it := &items[i]
		if err := w.Encode(map[string]any{"ids": it.IDs, "from": slices.Index(it.Loss, true)}); err != nil {
			return 0, err
		}
	}
	if err := f.Close(); err != nil {
		return 0, err
	}
	arg := strconv.Itoa
	return b.python3("train_peft.py", b.gguf, f.Name(), arg(epochs), "8", arg(top), arg(runs), arg(b.threads))
}

// python3 runs a script of this directory and gives the tokens a second that its lines report.
func (b *bench) python3(script string, args ...string) (float64, error) {
	cmd := exec.Command(b.python, append([]string{filepath.Join("harness/finetune/benchpeft", script)}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("%s: %w: %s", script, err, stderr.String())
	}
	tokens, seconds := 0.0, 0.0
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		var line struct{ Tokens, Seconds float64 }
		if json.Unmarshal(s.Bytes(), &line) == nil {
			tokens += line.Tokens
			seconds += line.Seconds
		}
	}
	return tokens / seconds, nil
}

// generation compares greedy decoding of 64 tokens after each of the prompts, one at a time.
func (b *bench) generation(t *tables.Table, pairs, prompts int) {
	const fresh = 64
	f, err := os.CreateTemp("", "prompts-*.jsonl")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(f.Name())
	w := json.NewEncoder(f)
	var ids [][]int32
	for i := range b.items[:prompts] {
		it := &b.items[i]
		ids = append(ids, it.IDs[:slices.Index(it.Loss, true)])
		if err := w.Encode(map[string]any{"ids": ids[i]}); err != nil {
			log.Fatal(err)
		}
	}
	f.Close()
	dev := cpu.New(b.threads)
	defer dev.Close()
	base, err := infer.Load(dev, b.base, 512)
	if err != nil {
		log.Fatal(err)
	}
	r := infer.NewRunner(dev, base, nil, 512)
	var theirs, ours, ratios []float64
	for range pairs {
		p, err := b.python3("generate.py", b.gguf, f.Name(), strconv.Itoa(fresh), strconv.Itoa(b.threads))
		if err != nil {
			log.Fatal(err)
		}
		start := b.now()
		for _, prompt := range ids {
			if _, err := r.Generate([][]int32{prompt}, infer.Decoding{MaxNew: fresh}); err != nil {
				log.Fatal(err)
			}
		}
		o := float64(prompts*fresh) / (b.now() - start).Seconds()
		theirs, ours, ratios = append(theirs, p), append(ours, o), append(ratios, o/p)
	}
	slices.Sort(ratios)
	t.Add("greedy generation, one prompt at a time (Transformers)", fmt.Sprintf("%.0f", median(theirs)), fmt.Sprintf("%.0f", median(ours)), fmt.Sprintf("%.2f", median(ratios)),
		fmt.Sprintf("%.2f–%.2f", ratios[0], ratios[len(ratios)-1]), "")
}

// theriac gives our real tokens a second over all runs: a single run uses all threads, a group one core a run. Loading and packing
// are not counted, on either side.
func (b *bench) theriac(items []finetune.Item, epochs, top, runs int) (float64, error) {
	spec := finetune.Default()
	spec.Epochs, spec.LR = epochs, 5e-4
	if top > 0 {
		spec.Layers = fmt.Sprintf("top:%d", top)
	}
	dev := cpu.New(b.threads)
	defer dev.Close()
	base, err := infer.Load(dev, b.base, 512)
	if err != nil {
		return 0, err
	}
	first, err := spec.First(len(base.Layers))
	if err != nil {
		return 0, err
	}
	if err := base.PackBackward(dev, first); err != nil {
		return 0, err
	}
	var prefix *infer.Prefix
	if first > 0 {
		prefix = infer.NewPrefix(first, 1<<30)
		defer prefix.Close()
	}
	tokens := make([]int, runs)
	one := func(ctx context.Context, d compute.Device, j int) error {
		s := spec
		s.Seed = uint64(j)
		r, err := finetune.New(d, base, s, items, prefix, finetune.Hooks{Step: func(_ *finetune.Run, i *finetune.Info) error {
			tokens[j] += i.Tokens
			return nil
		}})
		if err != nil {
			return err
		}
		return r.Train(ctx)
	}
	start := b.now()
	if runs == 1 {
		err = one(context.Background(), dev, 0)
	} else {
		err = finetune.Group(context.Background(), b.threads, runs, func() (compute.Device, error) { return cpu.New(1), nil }, one)
	}
	sum := 0
	for _, n := range tokens {
		sum += n
	}
	return float64(sum) / (b.now() - start).Seconds(), err
}

// roofline is the tokens a second at which the products of matrices alone would run at full speed: forward through all layers (or
// the top ones only, where the prefix is shared), backward through the trained ones, the head on response tokens.
func (b *bench) roofline(items []finetune.Item, top int) float64 {
	c := b.base.Config
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	layer := float64(2 * (c.Hidden*(q+2*kv) + q*c.Hidden + 3*c.Hidden*c.FFN))
	layers := float64(c.Layers)
	if top > 0 {
		layers = float64(top)
	}
	tokens, responses := 0, 0
	for i := range items {
		tokens += len(items[i].IDs) - 1
		responses += items[i].Responses()
	}
	head := float64(2*c.Hidden*c.Vocab) * 2 * float64(responses) / float64(tokens)
	return b.gflops * 1e9 / (2*layer*layers + head)
}

// peak is the largest resident set so far, in MiB.
func peak() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Maxrss / 1024
}
