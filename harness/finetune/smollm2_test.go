package finetune

// Parity with Transformers and PEFT on SmolLM2-135M-Instruct, and the numerics
// contract on it. testdata/reference.py made the references.

import (
	"compress/gzip"
	"encoding/json"
	"math"
	"os"
	"sync"
	"testing"

	"theriac/harness/compute"
	"theriac/harness/compute/block"
	"theriac/harness/compute/cpu"
	"theriac/harness/infer"
	"theriac/harness/model"
	"theriac/harness/needs"
)

type smolReference struct {
	Entries []int
	Logits  []struct {
		IDs    []int32     `json:"ids"`
		Logits [][]float64 `json:"logits"`
		Argmax []int32     `json:"argmax"`
	}
	Greedy []struct {
		IDs    []int32   `json:"ids"`
		New    []int32   `json:"new"`
		Margin []float64 `json:"margin"`
	}
	Rows []struct {
		Prompt   []int32 `json:"prompt"`
		Response []int32 `json:"response"`
	}
	Curve []float64
	Norms []float64
}

var smolBase = sync.OnceValues(func() (*infer.Base, error) {
	m, err := model.Open(os.Getenv("THERIAC_SMOLLM2"))
	if err != nil {
		return nil, err
	}
	return infer.Load(cpu.New(0), m, 1024)
})

func smol(t *testing.T) (*infer.Base, *smolReference) {
	t.Helper()
	needs.SmolLM2(t)
	f, err := os.Open("testdata/smollm2.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var ref smolReference
	if err := json.NewDecoder(z).Decode(&ref); err != nil {
		t.Fatal(err)
	}
	b, err := smolBase()
	if err != nil {
		t.Fatal(err)
	}
	return b, &ref
}

func TestSmolLM2Logits(t *testing.T) {
	b, ref := smol(t)
	r := infer.NewRunner(cpu.New(0), b, nil, 256)
	worst, n := 0.0, 0
	for _, c := range ref.Logits {
		err := r.Logits(append(append([]int32{}, c.IDs...), 0), func(pos int, logits []float32) {
			for j, e := range ref.Entries {
				worst = max(worst, math.Abs(float64(logits[e])-c.Logits[pos][j]))
			}
			n++
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d positions, largest difference of a logit %.2g", n, worst)
	if worst > 1e-3 {
		t.Errorf("logits differ from Transformers by %g", worst)
	}
}

func TestSmolLM2Greedy(t *testing.T) {
	b, ref := smol(t)
	r := infer.NewRunner(cpu.New(0), b, nil, 1024)
	var prompts [][]int32
	for _, c := range ref.Greedy {
		prompts = append(prompts, c.IDs)
	}
	got, err := r.Generate(prompts, infer.Decoding{MaxNew: 32, Stop: []int32{2}})
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	for i, c := range ref.Greedy {
		same := true
		for j, want := range c.New {
			if want == 2 && j == len(got[i]) {
				break
			}
			if j >= len(got[i]) || got[i][j] != want {
				same = false
				if c.Margin[j] >= 1e-3 {
					t.Errorf("generation %d, token %d: differs although the margin is %g", i, j, c.Margin[j])
				}
				break
			}
		}
		if same {
			whole++
		}
	}
	t.Logf("%d of %d generations identical to the end", whole, len(ref.Greedy))
}

// lossCurve trains on the reference's rows with its A matrices.
func (ref *smolReference) run(t *testing.T, dev compute.Device, b *infer.Base, rows, batch int) *Run {
	t.Helper()
	var items []Item
	for _, row := range ref.Rows[:rows] {
		it := Item{}
		it.IDs = append(append([]int32{}, row.Prompt...), row.Response...)
		it.Loss = make([]bool, len(it.IDs))
		for j := len(row.Prompt); j < len(it.IDs); j++ {
			it.Loss[j] = true
		}
		items = append(items, it)
	}
	spec := Default()
	spec.Epochs, spec.Batch, spec.LR = 1, batch, 5e-4
	r, err := New(dev, b, spec, items, nil, Hooks{Order: func(_ int, order []int) []int { return all(0, len(order)) }})
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	r.Delta.EachA(func(_ string, s *block.Slot, a []float32) {
		// q, k, v, o, gate, up, down of each layer, in this order
		key := mix(uint64(i/7*16 + i%7))
		for j := range a {
			u := float32(mix(key+uint64(j))>>40) / (1 << 24)
			a[j] = float32(2*u-1) * float32(1/math.Sqrt(float64(s.Cols)))
		}
		i++
	})
	return r
}

func TestSmolLM2LossCurve(t *testing.T) {
	if testing.Short() {
		t.Skip("50 training steps")
	}
	b, ref := smol(t)
	var got []float64
	r := ref.run(t, cpu.New(0), b, 200, 4)
	r.hooks.Step = func(_ *Run, info *Info) error {
		got = append(got, info.Loss)
		return nil
	}
	if err := r.Train(t.Context()); err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i, want := range ref.Curve {
		worst = max(worst, math.Abs(got[i]-want))
	}
	t.Logf("%d steps, largest difference of the loss %.2g", len(ref.Curve), worst)
	if len(ref.Curve) != 50 || worst > 1e-3 {
		t.Errorf("the loss curve differs from PEFT's by %g", worst)
	}
}

// mix is the finaliser of SplitMix64, as reference.py has it.
func mix(z uint64) uint64 {
	z += 0x9E3779B97F4A7C15
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}
