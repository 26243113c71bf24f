package defense

import (
	"math"
	"testing"

	"theriac/harness/rng"
)

func TestOneMode(t *testing.T) {
	r := rng.Stream(1, "test", "split")
	one, two := make([]float64, 400), make([]float64, 400)
	for i := range one {
		one[i] = r.Normal()
		two[i] = r.Normal() + 6*float64(i%2)
	}
	if p := OneMode(one); p <= .01 {
		t.Errorf("a normal sample is split: p %v", p)
	}
	if p := OneMode(two); p > .01 {
		t.Errorf("two samples six sd apart are not split: p %v", p)
	}
	for i := range two {
		two[i] = r.Normal()
		if i%8 == 0 {
			two[i] += 6
		}
	}
	if p := OneMode(two); p > .01 {
		t.Errorf("an eighth six sd apart is not split: p %v", p)
	}
	for i := range one {
		one[i] = math.Exp(r.Normal() / 2)
	}
	if p := OneMode(one); p <= .01 {
		t.Errorf("a skewed sample is split: p %v", p)
	}
	if p := OneMode(make([]float64, 50)); p <= .01 {
		t.Errorf("a constant is split: p %v", p)
	}
}
