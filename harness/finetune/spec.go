package finetune

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"theriac/harness/compute/block"
	"theriac/harness/infer"
)

// Spec is a training configuration. The zero value is not valid: start from Default.
type Spec struct {
	Method  string   `json:"method" yaml:"method"` // "lora" or "full"
	Rank    int      `json:"rank,omitempty" yaml:"rank"`
	Alpha   float64  `json:"alpha,omitempty" yaml:"alpha"`     // LoRA's scale is Alpha/Rank
	Dropout float64  `json:"dropout,omitempty" yaml:"dropout"` // on LoRA's input
	Targets []string `json:"targets,omitempty" yaml:"targets"` // of infer.LinearNames
	Layers  string   `json:"layers,omitempty" yaml:"layers"`   // "all", "top:10", or "0,3,5-7"

	Epochs     int     `json:"epochs" yaml:"epochs"`
	Batch      int     `json:"batch" yaml:"batch"`           // examples a micro-batch
	Accumulate int     `json:"accumulate" yaml:"accumulate"` // micro-batches an optimiser step
	LR         float64 `json:"lr" yaml:"lr"`                 // peak learning rate
	Schedule   string  `json:"schedule" yaml:"schedule"`     // "linear", "cosine" or "constant"
	Warmup     float64 `json:"warmup" yaml:"warmup"`         // fraction of all steps
	Clip       float64 `json:"clip" yaml:"clip"`             // largest gradient norm; 0: none
	Decay      float64 `json:"decay" yaml:"decay"`           // AdamW's weight decay
	Beta1      float64 `json:"beta1" yaml:"beta1"`
	Beta2      float64 `json:"beta2" yaml:"beta2"`
	Eps        float64 `json:"eps" yaml:"eps"`
	Loss       string  `json:"loss" yaml:"loss"` // mean over "token"s of the step, or over each "example"'s mean
	Seed       uint64  `json:"seed" yaml:"seed"` // of initialisation, order and dropout
}

// Default is PEFT's and Transformers' usual recipe.
func Default() Spec {
	return Spec{
		Method: "lora", Rank: 8, Alpha: 16, Targets: slices.Clone(infer.LinearNames), Layers: "all",
		Epochs: 3, Batch: 8, Accumulate: 1, LR: 2e-4, Schedule: "linear", Clip: 1,
		Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Loss: "token",
	}
}

// Check names the first field that cannot be.
func (s *Spec) Check() error {
	lora := s.Method == "lora"
	for _, c := range []struct {
		ok   bool
		text string
	}{
		{lora || s.Method == "full", fmt.Sprintf("method %q: want lora or full", s.Method)},
		{!lora || s.Rank >= 1 && s.Rank <= 1024, fmt.Sprintf("rank %d: want 1..1024", s.Rank)},
		{!lora || s.Alpha > 0, fmt.Sprintf("alpha %g: want more than 0", s.Alpha)},
		{s.Dropout >= 0 && s.Dropout < 1, fmt.Sprintf("dropout %g: want 0 up to, not including, 1", s.Dropout)},
		{s.Epochs >= 1 && s.Epochs <= 1e5, fmt.Sprintf("epochs %d: want 1..100000", s.Epochs)},
		{s.Batch >= 1, fmt.Sprintf("batch %d: want at least 1", s.Batch)},
		{s.Accumulate >= 1, fmt.Sprintf("accumulate %d: want at least 1", s.Accumulate)},
		{s.LR > 0 && s.LR < 10, fmt.Sprintf("learning rate %g: want more than 0, less than 10", s.LR)},
		{slices.Contains([]string{"linear", "cosine", "constant"}, s.Schedule), fmt.Sprintf("schedule %q: want linear, cosine or constant", s.Schedule)},
		{s.Warmup >= 0 && s.Warmup <= 1, fmt.Sprintf("warm-up %g: want a fraction of the steps, 0..1", s.Warmup)},
		{s.Clip >= 0, fmt.Sprintf("clip %g: want 0 (none) or more", s.Clip)},
		{s.Decay >= 0, fmt.Sprintf("weight decay %g: want 0 or more", s.Decay)},
		{s.Beta1 >= 0 && s.Beta1 < 1 && s.Beta2 >= 0 && s.Beta2 < 1, fmt.Sprintf("betas %g, %g: want 0 up to, not including, 1", s.Beta1, s.Beta2)},
		{s.Eps > 0, fmt.Sprintf("eps %g: want more than 0", s.Eps)},
		{s.Loss == "token" || s.Loss == "example", fmt.Sprintf("loss %q: want token or example", s.Loss)},
	} {
		if !c.ok {
			return errors.New(c.text)
		}
	}
	return nil
}

// layers resolves Layers against a model of n layers.
func (s *Spec) layers(n int) ([]int, error) {
	if s.Method == "full" {
		if s.Layers != "" && s.Layers != "all" {
			return nil, fmt.Errorf("layers %q: full training trains all layers", s.Layers)
		}
		return all(0, n), nil
	}
	if s.Layers == "all" || s.Layers == "" {
		return all(0, n), nil
	}
	if top, ok := strings.CutPrefix(s.Layers, "top:"); ok {
		k, err := strconv.Atoi(top)
		if err != nil || k < 1 || k > n {
			return nil, fmt.Errorf("layers %q: want top:1..top:%d", s.Layers, n)
		}
		return all(n-k, n), nil
	}
	var out []int
	for part := range strings.SplitSeq(s.Layers, ",") {
		from, to, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(from)
		b := a
		if isRange && err == nil {
			b, err = strconv.Atoi(to)
		}
		if err != nil || a < 0 || b < a || b >= n {
			return nil, fmt.Errorf("layers %q: want all, top:K, or a list such as 0,3,5-7 within 0..%d", s.Layers, n-1)
		}
		out = append(out, all(a, b+1)...)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func all(from, to int) []int {
	out := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

// First is the lowest layer of an n-layer model that the spec trains: the layer
// below which a prefix cache may stand.
func (s *Spec) First(n int) (int, error) {
	l, err := s.layers(n)
	if err != nil {
		return 0, err
	}
	return l[0], nil
}

// Last is the highest layer of an n-layer model that the spec trains.
func (s *Spec) Last(n int) (int, error) {
	l, err := s.layers(n)
	if err != nil {
		return 0, err
	}
	return l[len(l)-1], nil
}

func (s *Spec) train() block.Train {
	if s.Method == "full" {
		return block.Train{Full: true}
	}
	return block.Train{Rank: s.Rank, Scale: float32(s.Alpha / float64(s.Rank)), Dropout: float32(s.Dropout), Targets: s.Targets}
}
