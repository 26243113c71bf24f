package prevent

import (
	"math"
	"testing"

	"theriac/harness/model"
	"theriac/harness/rng"
)

func adapter(seed uint64) *model.Adapter {
	r := rng.Stream(seed, "test")
	a := &model.Adapter{R: 3, Alpha: 6}
	for _, name := range []string{"model.layers.0.mlp.up_proj", "model.layers.1.mlp.up_proj"} {
		m := model.LoRA{Name: name, A: make([]float32, 3*5), B: make([]float32, 4*3)}
		for i := range m.A {
			m.A[i] = float32(r.Normal())
		}
		for i := range m.B {
			m.B[i] = float32(r.Normal())
		}
		a.Modules = append(a.Modules, m)
	}
	return a
}

// update is Alpha/R B·A [4, 5] of module i.
func update(a *model.Adapter, i int) (w [4][5]float64) {
	m := &a.Modules[i]
	for o := range 4 {
		for in := range 5 {
			for k := range a.R {
				w[o][in] += a.Alpha / float64(a.R) * float64(m.B[o*a.R+k]) * float64(m.A[k*5+in])
			}
		}
	}
	return w
}

func distance(a, b [4][5]float64) (d float64) {
	for i := range a {
		for j := range a[i] {
			d = max(d, math.Abs(a[i][j]-b[i][j]))
		}
	}
	return d
}

func edit(t *testing.T, name string, params map[string]string) *model.Adapter {
	t.Helper()
	p, err := New(name, params)
	if err != nil {
		t.Fatal(err)
	}
	a := adapter(1)
	if err := p.Adapter(a, 7); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAdapterEdits(t *testing.T) {
	was := update(adapter(1), 0)
	if d := distance(update(edit(t, "truncate", map[string]string{"count": "0"}), 0), was); d > 1e-5 {
		t.Errorf("no direction left out: the update moves by %v", d)
	}
	zero := [4][5]float64{}
	if d := distance(update(edit(t, "truncate", map[string]string{"count": "3", "drop": "random"}), 0), zero); d != 0 {
		t.Errorf("all directions left out: %v is left", d)
	}
	norm := func(drop string) float64 { // Frobenius, of what is left without one direction
		s := 0.0
		for _, row := range update(edit(t, "truncate", map[string]string{"count": "1", "drop": drop}), 0) {
			for _, v := range row {
				s += v * v
			}
		}
		return s
	}
	if !(norm("first") < norm("last")) {
		t.Error("without the first direction more is left than without the last")
	}
	cutLayer := edit(t, "truncate", map[string]string{"layer": "1"})
	if distance(update(cutLayer, 0), was) != 0 || distance(update(cutLayer, 1), zero) != 0 {
		t.Error("layer 1 left out: want its update alone to go")
	}
	half := update(edit(t, "scale", nil), 0)
	for i := range half {
		for j := range half[i] {
			if math.Abs(half[i][j]-was[i][j]/2) > 1e-6 {
				t.Fatalf("scaled by a half: %v; want %v", half[i][j], was[i][j]/2)
			}
		}
	}
}

func TestAverage(t *testing.T) {
	a, b := adapter(1), adapter(2)
	got, err := Average([]*model.Adapter{a, b})
	if err != nil {
		t.Fatal(err)
	}
	u, v, w := update(a, 1), update(b, 1), update(got, 1)
	for i := range u {
		for j := range u[i] {
			if math.Abs(w[i][j]-(u[i][j]+v[i][j])/2) > 1e-5 {
				t.Fatalf("[%d %d]: %v; want the mean of %v and %v", i, j, w[i][j], u[i][j], v[i][j])
			}
		}
	}
	b.R = 2
	if _, err := Average([]*model.Adapter{a, b}); err == nil {
		t.Error("two ranks: want an error")
	}
	if _, err := Average(nil); err == nil {
		t.Error("no adapters: want an error")
	}
}

func TestParameters(t *testing.T) {
	for _, e := range Catalogue() {
		if e.Doc == "" || e.Version < 1 {
			t.Errorf("%s: no doc or version", e.Name)
		}
		if _, err := New(e.Name, nil); err != nil {
			t.Errorf("defaults of %s: %v", e.Name, err)
		}
		if _, err := New(e.Name, map[string]string{"none": "1"}); err == nil {
			t.Errorf("%s takes a parameter that it does not have", e.Name)
		}
		for _, p := range e.Params {
			if p.Name == "layer" {
				continue
			}
			if _, err := New(e.Name, map[string]string{p.Name: "-1e9"}); err == nil {
				t.Errorf("%s takes %s -1e9", e.Name, p.Name)
			}
		}
	}
	if _, err := New("none", nil); err == nil {
		t.Error("an unknown prevention: want an error")
	}
}
