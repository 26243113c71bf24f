package finetune

// Parity with Transformers and PEFT on tiny random models of each architecture:
// logits, losses, the gradient of every weight and of every LoRA matrix.
// testdata/architectures.py made the references.

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"theriac/harness/compute/block"
	"theriac/harness/compute/cpu"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/model/safetensors"
)

var architectures = []string{"llama", "llama3", "mistral", "qwen2", "qwen3"}

type archReference struct {
	Sequences     [][]int32     `json:"sequences"`
	From          []int         `json:"from"`
	Logits        [][][]float64 `json:"logits"`
	AdapterLogits [][][]float64 `json:"adapter_logits"`
	Loss          float64       `json:"loss"`
	AdapterLoss   float64       `json:"adapter_loss"`
}

func (r *archReference) items() []Item {
	items := make([]Item, len(r.Sequences))
	for i, ids := range r.Sequences {
		items[i].IDs, items[i].Loss = ids, make([]bool, len(ids))
		for j := r.From[i]; j < len(ids); j++ {
			items[i].Loss[j] = true
		}
	}
	return items
}

func openArch(t *testing.T, name string) (string, *model.Model, *archReference) {
	t.Helper()
	dir := filepath.Join("testdata", "arch", name)
	data, err := os.ReadFile(filepath.Join(dir, "reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var ref archReference
	if err := json.Unmarshal(data, &ref); err != nil {
		t.Fatal(err)
	}
	m, err := model.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return dir, m, &ref
}

func checkLogits(t *testing.T, r *infer.Runner, seqs [][]int32, want [][][]float64) {
	t.Helper()
	worst := 0.0
	for i, ids := range seqs {
		err := r.Logits(append(append([]int32{}, ids...), 0), func(pos int, logits []float32) {
			for j, v := range logits {
				worst = max(worst, math.Abs(float64(v)-want[i][pos][j]))
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if worst > 2e-5 {
		t.Errorf("logits differ from Transformers by %g", worst)
	}
}

func TestArchitectures(t *testing.T) {
	for _, name := range architectures {
		t.Run(name, func(t *testing.T) {
			dir, m, ref := openArch(t, name)
			dev := cpu.New(1)
			b, err := infer.Load(dev, m, 0)
			if err != nil {
				t.Fatal(err)
			}
			checkLogits(t, infer.NewRunner(dev, b, nil, 64), ref.Sequences, ref.Logits)
			a, err := model.ReadAdapter(filepath.Join(dir, "adapter"))
			if err != nil {
				t.Fatal(err)
			}
			d, err := infer.FromAdapter(dev, b, a)
			if err != nil {
				t.Fatal(err)
			}
			checkLogits(t, infer.NewRunner(dev, b, d, 64), ref.Sequences, ref.AdapterLogits)

			grads, err := safetensors.Open(filepath.Join(dir, "grads.safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			defer grads.Close()
			spec := Default()
			spec.Rank, spec.Alpha, spec.Clip = 3, 5, 0
			t.Run("lora", func(t *testing.T) {
				checkGradients(t, spec, b, ref, ref.AdapterLoss, grads, func(r *Run) {
					for i, h := range d.Halves {
						if h.P != nil {
							copy(r.Delta.Halves[i].P.Theta, h.P.Theta)
						}
					}
				})
			})
			spec.Method = "full"
			t.Run("full", func(t *testing.T) {
				checkGradients(t, spec, b, ref, ref.Loss, grads, func(*Run) {})
			})
		})
	}
}

// checkGradients runs one step and holds loss and gradients to the reference.
func checkGradients(t *testing.T, spec Spec, b *infer.Base, ref *archReference, loss float64, grads *safetensors.File, set func(*Run)) {
	t.Helper()
	got := map[string][]float32{}
	r, err := New(cpu.New(1), b, spec, ref.items(), nil, Hooks{Gradient: func(_ int, name string, g []float32) {
		got[name] = append([]float32{}, g...)
	}})
	if err != nil {
		t.Fatal(err)
	}
	set(r)
	info := Info{Items: []int{0, 1, 2}}
	if err := r.gradients(&info); err != nil {
		t.Fatal(err)
	}
	if math.Abs(info.Loss-loss) > 1e-5 {
		t.Errorf("loss %g, PyTorch's is %g", info.Loss, loss)
	}
	compared := 0
	compare := func(name string, g []float32) {
		want := make([]float32, len(g))
		if err := grads.Read(name, want); err != nil {
			t.Fatal(err)
		}
		var diff, norm float64
		for i := range g {
			diff += math.Pow(float64(g[i])-float64(want[i]), 2)
			norm += math.Pow(float64(want[i]), 2)
		}
		if !(math.Sqrt(diff) <= 2e-5*math.Sqrt(norm)+1e-8) {
			t.Errorf("%s: gradient is off by %.2g of its norm", name, math.Sqrt(diff/norm))
		}
		compared++
	}
	slots := func(prefix string, lay block.Layout, g []float32) {
		for _, s := range lay.Slots {
			name := prefix + s.Name
			if strings.Contains(name, ".lora_") {
				name = "lora." + name + ".weight"
			} else {
				name = "full." + name
			}
			compare(name, g[s.Offset:s.Offset+s.Rows*s.Cols])
		}
	}
	for i, h := range r.Delta.Halves {
		if h.P != nil {
			hf := half{at: i}
			slots(infer.LayerPrefix(i/2), h.Layout, got[hf.name("parameters")])
		}
	}
	if spec.Method == "full" {
		slots("", r.Delta.Final, got["head"])
		compare("full.model.embed_tokens.weight", got["model.embed_tokens"])
	}
	if compared < 20 {
		t.Errorf("only %d gradients were compared", compared)
	}
}
