package report

import "testing"

// A run is scored by the fit on the other half of the seeds: where the halves contradict each other, every score is on the wrong side. The
// halves' scores are on two scales, and are never ranked among each other.
func TestArea(t *testing.T) {
	var clean, same, contrary, shifted []weighed
	for seed := range int64(40) {
		noise := float64(seed*7%11) / 20
		clean = append(clean, weighed{seed, []float64{noise, 1}})
		same = append(same, weighed{seed, []float64{1 + noise, 1}})
		side := float64(1 - 2*(seed%2))
		contrary = append(contrary, weighed{seed, []float64{side + noise, 1}})
		shifted = append(shifted, weighed{seed, []float64{1 + noise + 5*float64(seed%2), 1}})
	}
	for name, c := range map[string]struct {
		attacked []weighed
		want     float64
	}{"separated": {same, 1}, "contrary halves": {contrary, 0}, "separated in each half": {shifted, 1}} {
		a, err := area(clean, c.attacked, c.attacked)
		if err != nil {
			t.Fatal(err)
		}
		if a.Value != c.want || a.N == 0 || !(a.Interval.Low <= a.Value && a.Value <= a.Interval.High) {
			t.Errorf("%s: area %v [%v, %v] of %d; want %v", name, a.Value, a.Interval.Low, a.Interval.High, a.N, c.want)
		}
	}
}
