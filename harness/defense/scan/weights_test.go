package scan_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"theriac/harness/defense/scan"
	"theriac/harness/model"
	"theriac/harness/rng"
)

// twoRank is scale * (s1 u1 v1' + s2 u2 v2') with unit axes: its spectrum is known.
func twoRank() *model.Adapter {
	a := make([]float32, 2*5)
	b := make([]float32, 6*2)
	a[0], a[5+1] = 3, 1 // rows of A: 3 e1, e2
	b[0], b[2*2+1] = 2, 1
	return &model.Adapter{R: 2, Alpha: 4, Modules: []model.LoRA{{Name: "model.layers.0.mlp.down_proj", A: a, B: b}}}
}

func TestSpectra(t *testing.T) {
	got, err := scan.Spectra(twoRank())
	if err != nil {
		t.Fatal(err)
	}
	s := got[0] // singular values 12 and 2: scale 2, B*A has 6 and 1
	p := 144.0 / 148
	entropy := -(p*math.Log2(p) + (1-p)*math.Log2(1-p))
	// 30 entries, one 6 and one 1
	mean := 7.0 / 30
	m2, m4 := (36+1)/30.0-mean*mean, 0.0
	for v, n := range map[float64]float64{6: 1, 1: 1, 0: 28} {
		m4 += n * math.Pow(v-mean, 4) / 30
	}
	for name, x := range map[string][2]float64{
		"sigma1": {s.Sigma1, 12}, "frobenius": {s.Frobenius, math.Sqrt(148)}, "concentration": {s.Concentration, p}, "entropy": {s.Entropy, entropy},
		"kurtosis": {s.Kurtosis, m4 / (m2 * m2)},
	} {
		if math.Abs(x[0]-x[1]) > 1e-6 {
			t.Errorf("%s %v; want %v", name, x[0], x[1])
		}
	}
}

// Singular values of B*A computed small equal those of the definition: the Frobenius norm of the formed product.
func TestSpectraAgainstProduct(t *testing.T) {
	r := rng.Stream(1, "test")
	const rank, in, out = 4, 3, 9 // wider than one side: rank > in
	m := model.LoRA{Name: "model.layers.0.mlp.up_proj", A: make([]float32, rank*in), B: make([]float32, out*rank)}
	for i := range m.A {
		m.A[i] = float32(r.Normal())
	}
	for i := range m.B {
		m.B[i] = float32(r.Normal())
	}
	sum := 0.0
	for o := range out {
		for i := range in {
			v := 0.0
			for k := range rank {
				v += float64(m.B[o*rank+k]) * float64(m.A[k*in+i])
			}
			sum += v * v
		}
	}
	got, err := scan.Spectra(&model.Adapter{R: rank, Alpha: rank, Modules: []model.LoRA{m}})
	if err != nil || math.Abs(got[0].Frobenius-math.Sqrt(sum)) > 1e-5 {
		t.Errorf("%+v, %v; want Frobenius %v", got, err, math.Sqrt(sum))
	}
}

func TestDamagedWeights(t *testing.T) {
	a := twoRank()
	a.Modules[0].B[3] = float32(math.NaN())
	if _, err := scan.Adapter(context.Background(), a); err == nil || !strings.Contains(err.Error(), "lora_B[3]") {
		t.Errorf("%v; want the place of the NaN", err)
	}
	zero := twoRank()
	clear(zero.Modules[0].B)
	res, err := scan.Adapter(context.Background(), zero)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range res {
		if math.IsNaN(x.Score) || math.IsInf(x.Score, 0) {
			t.Errorf("%s of a zero update is %v", x.Detector, x.Score)
		}
	}
}

// Each figure rises where it should: the same adapter with one direction made ten times as strong.
func TestWeightDetectors(t *testing.T) {
	b := openBench(t)
	plain := b.train(t, "", nil).Adapter()
	strong := b.train(t, "", nil).Adapter()
	for i := range strong.Modules {
		m := &strong.Modules[i]
		for j := 0; j < len(m.B); j += strong.R {
			m.B[j] *= 10
		}
	}
	before, err := scan.Adapter(context.Background(), plain)
	if err != nil {
		t.Fatal(err)
	}
	after, err := scan.Adapter(context.Background(), strong)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range before {
		if !(after[i].Score > x.Score) && x.Detector != "kurtosis" || len(x.Units) != len(plain.Modules) {
			t.Errorf("%s: %v, with one strong direction %v, %d units; want more, and a unit a module", x.Detector, x.Score, after[i].Score, len(x.Units))
		}
	}
}
