package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Of eight normal values the interval covers about 95 %; BCa, which stood here before, covers 88 %.
func TestMeanOfFewValuesCovers(t *testing.T) {
	const studies = 600
	r, hits, before := rand.New(rand.NewPCG(8, 1)), 0, 0
	for range studies {
		values := drawNormals(r, 8, 0)
		e, err := BootstrapMean(r, values, Unbounded, 999, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		b, err := BootstrapBCa(r, Rows{N: 8}, averageOf(values), 999, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		if e.Interval.Contains(0) {
			hits++
		}
		if b.Interval.Contains(0) {
			before++
		}
	}
	if rate := float64(hits) / studies; rate < 0.925 || rate > 0.98 {
		t.Errorf("covers %.3f: want 0.93 to 0.97", rate)
	}
	if before >= hits {
		t.Errorf("BCa covers %d times, the expanded interval %d", before, hits)
	}
}

// The quantiles are those of the normal tail beyond Student's critical value times sqrt(n/(n-1)).
func TestMeanTakesQuantilesFurtherOut(t *testing.T) {
	values := []float64{0.1, 0.4, 0.5, 0.7, 0.8, 0.9}
	got, err := BootstrapMean(seeded(), values, Rates, 2000, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	tail := normalCDF(-math.Sqrt(6./5) * 2.570581835636314) // t, 5 df
	want, err := BootstrapPercentile(seeded(), Rows{N: 6}, averageOf(values), 2000, 1-2*tail)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Interval.Low-want.Interval.Low) > 1e-9 || math.Abs(got.Interval.High-want.Interval.High) > 1e-9 || got.Interval.Level != 0.95 {
		t.Errorf("interval %v: want %v", got.Interval, want.Interval)
	}
}

// Fewer than five values warn, in the words of the crossed bootstrap.
func TestMeanOfTooFewValuesWarns(t *testing.T) {
	for n, want := range map[int]bool{2: true, 4: true, 5: false} {
		for _, values := range [][]float64{{1, 2, 3, 5, 4}, {7, 7, 7, 7, 7}} {
			e, err := BootstrapMean(seeded(), values[:n], Unbounded, 1000, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			if got := slices.ContainsFunc(e.Warnings, func(s string) bool { return strings.Contains(s, "coverage is not assured below 5") }); got != want {
				t.Errorf("%d values: warnings %q", n, e.Warnings)
			}
		}
	}
}

// Cells of value 0 may be passed over in a full table: the same as when all are counted.
func TestCrossedPassesOverZeros(t *testing.T) {
	table := [][]float64{{0, 1, 0, -1}, {0, 0, 0, 1}, {1, 1, 0, 0}}
	c, err := newCrossed(table, Differences, 0.95, 200)
	if err != nil {
		t.Fatal(err)
	}
	quick := c.replicates(seeded(), 200)
	c.missing = 1 // counts every cell
	if all := c.replicates(seeded(), 200); !slices.Equal(quick, all) {
		t.Error("the resampled means differ")
	}
}

// Where all cells are alike the words say that the smaller side made the interval.
func TestCrossedAlikeNamesTheSmallerSide(t *testing.T) {
	e, err := BootstrapCrossed(seeded(), zeros(8, 100), Differences, 100, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(e.Interval.High-0.369) > 1e-3 || len(e.Warnings) != 1 || !strings.Contains(e.Warnings[0], "by the 8 seeds alone") || !strings.Contains(e.Method, "share of seeds") {
		t.Errorf("%+v", e)
	}
}
