package infer

import (
	"math"
	"testing"

	"theriac/harness/rng"
)

// Logits that are not numbers are no reason to panic.
func TestChooseOfNoNumbers(t *testing.T) {
	nan := float32(math.NaN())
	for _, o := range []Decoding{{}, {Temperature: 1}, {Temperature: 1, TopP: 0.9}, {Temperature: 1, TopK: 1, TopP: 0.1}} {
		if got := choose([]float32{nan, nan, nan}, o, rng.Stream(1, "test")); got < 0 || got > 2 {
			t.Errorf("%+v: token %d", o, got)
		}
	}
}
