package model

import (
	"math"
	"testing"
)

// A published shape has as many weights as its name says, in millions or billions.
func TestPublishedParameters(t *testing.T) {
	for name, want := range map[string]float64{"SmolLM2-135M": 134.5e6, "SmolLM2-1.7B": 1.711e9, "Qwen2.5-0.5B": 494e6, "Llama-3.2-1B": 1.236e9, "Llama-3.1-8B": 8.03e9} {
		found := false
		for _, m := range Models {
			if m.Name == name {
				found = true
				if n := float64(m.Config.Parameters()); math.Abs(n-want) > 0.002*want {
					t.Errorf("%s: %g parameters; want %g", name, n, want)
				}
			}
		}
		if !found {
			t.Errorf("no %s", name)
		}
	}
}
