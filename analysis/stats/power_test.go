package stats

// Powers against brute force and against the tests that they speak of.

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestClaimPowerAgainstEnumeration(t *testing.T) {
	for _, c := range []struct {
		n       int
		rate, x float64
		atMost  bool
	}{{29, 0.99, 0.9, false}, {61, 0.97, 0.9, false}, {59, 0.01, 0.05, true}, {124, 0.02, 0.05, true}, {28, 1, 0.9, false}} {
		got, err := ClaimPower(c.n, c.rate, c.x, 0.95, c.atMost)
		if err != nil {
			t.Fatal(err)
		}
		want, claim := 0.0, ClaimAtLeast
		if c.atMost {
			claim = ClaimAtMost
		}
		for k := range c.n + 1 {
			r, err := claim(k, c.n, c.x, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			if r.Holds {
				want += binomialPMF(k, c.n, c.rate)
			}
		}
		agrees(t, "power of a claim", got.Power, want, tight)
		if (got.SmallestP > got.Alpha) != (want == 0) {
			t.Errorf("smallest p %v beside power %v", got.SmallestP, want)
		}
	}
}

func TestRunsForClaim(t *testing.T) {
	for _, c := range []struct {
		exceptions int
		x          float64
		want       int
	}{{0, 0.05, 59}, {1, 0.05, 93}, {2, 0.05, 124}, {0, 0.1, 29}, {1, 0.1, 46}, {2, 0.1, 61}} {
		if got, err := RunsForClaim(c.exceptions, c.x, 0.95); err != nil || got != c.want {
			t.Errorf("%d exceptions at %v: %d runs, %v: want %d", c.exceptions, c.x, got, err, c.want)
		}
	}
	for tests, want := range map[int]int{1: 6, 12: 9, 13: 10, 51: 11} {
		if got, err := SeedsForFamily(tests, 0.05); err != nil || got != want {
			t.Errorf("%d tests: %d seeds, %v: want %d", tests, got, err, want)
		}
	}
}

// The smallest P that a design can reach is the one that its test returns for the
// most extreme data.
func TestSmallestPIsReached(t *testing.T) {
	up := func(n int, from float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = from + math.Sqrt(float64(i+1))
		}
		return x
	}
	for _, alt := range []Alternative{TwoSided, Greater} {
		for _, n := range [][2]int{{3, 3}, {4, 6}, {2, 5}} {
			p, err := PermutationPower(rand.NewPCG(1, 1), n[0], n[1], 1, 0.05, alt, 10)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Permutation(nil, up(n[0], 1000), up(n[1], 0), alt, 0)
			if err != nil || got.P != got.SmallestP {
				t.Fatal(got, err)
			}
			agrees(t, "permutation", p.SmallestP, got.P, tight)
		}
		p, err := SignFlipPower(rand.NewPCG(1, 1), 9, 1, 0.05, alt, 10)
		if err != nil {
			t.Fatal(err)
		}
		got, err := SignFlip(nil, up(9, 1), alt, 0)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "sign-flip", p.SmallestP, got.P, tight)
	}
}

// Simulation and noncentral t, which take over from each other at 12 seeds, nearly agree.
func TestSeedPowersMeet(t *testing.T) {
	near := func(what string, a, b Power, err error) {
		t.Helper()
		if err != nil || math.Abs(a.Power-b.Power) > 0.05 || a.Power < 0.5 {
			t.Errorf("%s: %v and %v, %v: want nearly the same", what, a.Power, b.Power, err)
		}
	}
	a, err := SignFlipPower(rand.NewPCG(1, 1), 12, 0.9, 0.05, TwoSided, 1500)
	if err != nil {
		t.Fatal(err)
	}
	b, err := SignFlipPower(nil, 13, 0.9, 0.05, TwoSided, 0)
	near("sign-flip", a, b, err)
	if a, err = PermutationPower(rand.NewPCG(1, 1), 6, 6, 1.7, 0.05, TwoSided, 1500); err != nil {
		t.Fatal(err)
	}
	b, err = PermutationPower(nil, 6, 7, 1.7, 0.05, TwoSided, 0)
	near("permutation", a, b, err)
}
