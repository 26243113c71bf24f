package compute

import (
	"math"
	"testing"
)

func TestElementaryFunctions(t *testing.T) {
	ulps := func(got, want float64) float64 {
		if got == want || math.IsNaN(got) && math.IsNaN(want) {
			return 0
		}
		return math.Abs(got-want) / (math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want))
	}
	x := uint64(1)
	for range 200000 {
		x = x*6364136223846793005 + 1442695040888963407
		u := float64(x>>11) / (1 << 53)
		for _, c := range []struct {
			name      string
			got, want float64
			limit     float64
		}{
			{"exp", Exp64(200*u - 100), math.Exp(200*u - 100), 2},
			{"log", Log64(math.Ldexp(u+0.001, int(x%200)-100)), math.Log(math.Ldexp(u+0.001, int(x%200)-100)), 2},
			{"log near 1", Log64(0.9 + 0.2*u), math.Log(0.9 + 0.2*u), 2},
			{"pow", Pow64(10000, -u), math.Pow(10000, -u), 64},
		} {
			if d := ulps(c.got, c.want); d > c.limit {
				t.Fatalf("%s: %g, want %g (%g ulps, u=%g)", c.name, c.got, c.want, d, u)
			}
		}
		a := u * 130000
		if d := math.Max(math.Abs(Sin64(a)-math.Sin(a)), math.Abs(Cos64(a)-math.Cos(a))); d > 4e-16 {
			t.Fatalf("sin, cos of %g: off by %g", a, d)
		}
	}
	for _, c := range [][2]float64{{Exp64(0), 1}, {Log64(1), 0}, {Exp64(-800), 0}, {Log64(0), math.Inf(-1)}, {Exp64(800), math.Inf(1)}, {Cos64(0), 1}} {
		if c[0] != c[1] {
			t.Errorf("got %g, want %g", c[0], c[1])
		}
	}
	if !math.IsNaN(Log64(-1)) || !math.IsNaN(Exp64(math.NaN())) {
		t.Error("NaN expected")
	}
}

func TestRopeTable(t *testing.T) {
	inv := []float64{1, 0.1, 1e-5}
	cos, sin := RopeTable(4096, 6, inv)
	for _, p := range []int{0, 1, 77, 4095} {
		for i, f := range inv {
			a := float64(float32(p) * float32(f))
			if cos[p*3+i] != float32(math.Cos(a)) || sin[p*3+i] != float32(math.Sin(a)) {
				t.Errorf("position %d, frequency %g: %g %g", p, f, cos[p*3+i], sin[p*3+i])
			}
		}
	}
}
