package report

import (
	"slices"
	"testing"
)

// A run is scored by the fit on the other half of the seeds: where the halves contradict each other, every score is on the wrong side.
func TestByHalf(t *testing.T) {
	var clean, same, contrary []weighed
	for seed := range int64(40) {
		noise := float64(seed*7%11) / 20
		clean = append(clean, weighed{seed, []float64{noise, 1}})
		same = append(same, weighed{seed, []float64{1 + noise, 1}})
		side := float64(1 - 2*(seed%2))
		contrary = append(contrary, weighed{seed, []float64{side + noise, 1}})
	}
	s, err := byHalf(clean, same, clean, same)
	if err != nil {
		t.Fatal(err)
	}
	if len(s[0]) != 40 || len(s[1]) != 40 || slices.Max(s[0]) >= slices.Min(s[1]) {
		t.Errorf("separated runs are scored %v and %v", s[0], s[1])
	}
	if s, err = byHalf(clean, contrary, clean, contrary); err != nil {
		t.Fatal(err)
	}
	if slices.Max(s[1]) >= slices.Min(s[0]) {
		t.Errorf("runs of contrary halves are scored %v, clean ones %v: a run was scored by a fit that had it", s[1], s[0])
	}
}
