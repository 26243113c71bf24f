package model

import (
	"math"
	"strings"
	"testing"

	"theriac/harness/model/gguf"
)

// Only the layers' matrices change, by at most half a step; what is quantised already stays.
func TestQuantised(t *testing.T) {
	c := tiny()
	c.FFN = 48 // down_proj's rows do not fill blocks: F16
	m := filled(t, c)
	before := weights(t, m)
	matrix := map[string]bool{}
	for _, l := range c.linears() {
		matrix[l.Name] = true
	}
	for kind, levels := range map[string]float64{"Q8_0": 127, "Q4_0": 8} {
		q := Quantised(m, kind)
		after := weights(t, q)
		for name, w := range after {
			step := 0.0
			for _, v := range before[name] {
				step = max(step, math.Abs(float64(v))/levels)
			}
			if strings.HasSuffix(name, "down_proj.weight") {
				step = 1e-3
			}
			changed := 0
			for i, v := range w {
				d := math.Abs(float64(v - before[name][i]))
				if d != 0 {
					changed++
				}
				// Q4_0's scale is signed: the far end of its range is a whole step away.
				if d > step*1.01 {
					t.Fatalf("%s %s[%d]: %g became %g, a step is %g", kind, name, i, before[name][i], v, step)
				}
			}
			if matrix[name] != (changed > 0) {
				t.Errorf("%s %s: %d values changed", kind, name, changed)
			}
		}
		m2, _ := q.Digest()
		if m1, _ := m.Digest(); m1 == m2 {
			t.Errorf("%s: the digest did not change", kind)
		}
	}
	again := weights(t, Quantised(Quantised(m, "Q8_0"), "Q8_0"))
	for name, w := range weights(t, Quantised(m, "Q8_0")) {
		for i, v := range w {
			if d := math.Abs(float64(v - again[name][i])); d > 1e-3*math.Abs(float64(v))+1e-9 {
				t.Fatalf("%s[%d] is %g, quantised twice %g", name, i, v, again[name][i])
			}
		}
	}
}

func TestQuantisedRefuses(t *testing.T) {
	c := tiny()
	m := filled(t, c)
	buf := make([]float32, c.Hidden)
	if err := Quantised(m, "Q5_K").Tensor("model.norm.weight", buf); err == nil || !strings.Contains(err.Error(), "want Q8_0 or Q4_0") {
		t.Errorf("Q5_K: %v", err)
	}
	name := "model.layers.0.self_attn.q_proj.weight"
	w := m.source.(memory)[name].Data
	w[5] = float32(math.Inf(1))
	if err := Quantised(m, "Q8_0").Tensor(name, make([]float32, len(w))); err == nil || !strings.Contains(err.Error(), "[5] is +Inf") {
		t.Errorf("infinity: %v", err)
	}
	w[5] = 3e7
	if err := Quantised(m, "Q8_0").Tensor(name, make([]float32, len(w))); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("3e7: %v", err)
	}
}

// Reading through a view equals quantising the tensor by hand.
func TestQuantisedIsGGUFs(t *testing.T) {
	m := filled(t, tiny())
	const name = "model.layers.1.mlp.gate_proj.weight"
	want := weights(t, m)[name]
	data, err := gguf.Encode(gguf.Q4_0, want)
	if err != nil {
		t.Fatal(err)
	}
	if err := gguf.Decode(gguf.Q4_0, data, want); err != nil {
		t.Fatal(err)
	}
	for i, v := range weights(t, Quantised(m, "Q4_0"))[name] {
		if v != want[i] {
			t.Fatalf("[%d] is %g, want %g", i, v, want[i])
		}
	}
}
