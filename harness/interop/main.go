// Command interop does theriac's half of the checks against Transformers, PEFT and huggingface_hub that interop.py makes.
//
//	interop logits MODEL ADAPTER TOKENS OUT    logits [rows, vocabulary] after every token of every sequence, float32 little-endian
//	interop adapter MODEL LAYERS RANK OUT      a LoRA adapter with random A and B on all linear layers
//	interop merge MODEL ADAPTER TYPE OUT       the merged model as a directory
//	interop pull NAME                          the path of a model, fetched if need be
//	interop resolve NAME                       the path of a model that is here
//
// MODEL is a directory or a .gguf file, ADAPTER a directory or "-", TOKENS a JSON list of lists of token ids, LAYERS how many of the upper
// layers.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"

	"theriac/harness/compute/block"
	"theriac/harness/compute/cpu"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/model/hub"
	"theriac/harness/rng"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	commands := map[string]struct {
		n  int
		do func(a []string) error
	}{
		"logits": {4, logits}, "adapter": {4, adapter}, "merge": {4, merge},
		"pull":    {1, func(a []string) error { return show(hub.Pull(context.Background(), a[0], hub.Options{})) }},
		"resolve": {1, func(a []string) error { return show(hub.Resolve(a[0])) }},
	}
	if len(args) == 0 {
		return fmt.Errorf("want logits, adapter, merge, pull or resolve")
	}
	c, ok := commands[args[0]]
	if !ok || len(args)-1 != c.n {
		return fmt.Errorf("%q: see the head of main.go", args)
	}
	return c.do(args[1:])
}

func show(path string, err error) error {
	if err == nil {
		fmt.Println(path)
	}
	return err
}

// open gives the model and, unless it is "-", the adapter.
func open(path, adapter string) (*model.Model, *model.Adapter, error) {
	m, err := model.Open(path)
	if err != nil || adapter == "-" {
		return m, nil, err
	}
	a, err := model.ReadAdapter(adapter)
	return m, a, err
}

func logits(args []string) error {
	m, a, err := open(args[0], args[1])
	if err != nil {
		return err
	}
	data, err := os.ReadFile(args[2])
	if err != nil {
		return err
	}
	var sequences [][]int32
	if err := json.Unmarshal(data, &sequences); err != nil {
		return fmt.Errorf("%s: %w", args[2], err)
	}
	dev := cpu.New(0)
	b, err := infer.Load(dev, m, 0)
	if err != nil {
		return err
	}
	var d *infer.Delta
	if a != nil {
		if d, err = infer.FromAdapter(dev, b, a); err != nil {
			return err
		}
	}
	f, err := os.Create(args[3])
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	r := infer.NewRunner(dev, b, d, 256)
	for _, ids := range sequences {
		// Logits stops before the last token, from which nothing is predicted: add one.
		err := r.Logits(append(append([]int32{}, ids...), 0), func(_ int, row []float32) {
			for _, v := range row {
				w.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
			}
		})
		if err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

func adapter(args []string) error {
	m, _, err := open(args[0], "-")
	if err != nil {
		return err
	}
	top, err1 := strconv.Atoi(args[1])
	rank, err2 := strconv.Atoi(args[2])
	if err1 != nil || err2 != nil || top < 1 || top > m.Config.Layers || rank < 1 {
		return fmt.Errorf("layers %q, rank %q: want 1..%d and at least 1", args[1], args[2], m.Config.Layers)
	}
	dev := cpu.New(0)
	b, err := infer.Load(dev, m, 0)
	if err != nil {
		return err
	}
	var layers []int
	for i := m.Config.Layers - top; i < m.Config.Layers; i++ {
		layers = append(layers, i)
	}
	d, err := infer.NewDelta(dev, b, block.Train{Rank: rank, Scale: 2, Targets: infer.LinearNames}, layers)
	if err != nil {
		return err
	}
	a := d.Adapter()
	for i := range a.Modules {
		p := &a.Modules[i]
		s := rng.Stream(1, "interop", p.Name)
		draw := func(x []float32, bound float64) {
			for j := range x {
				x[j] = float32((2*float64(s.Float32()) - 1) * bound)
			}
		}
		draw(p.A, 1/math.Sqrt(float64(len(p.A)/rank)))
		draw(p.B, 0.02)
	}
	return a.Write(args[3])
}

func merge(args []string) error {
	m, a, err := open(args[0], args[1])
	if err != nil {
		return err
	}
	return model.WriteMerged(args[3], m, a, args[2])
}
