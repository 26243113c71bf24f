package corpus

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// numbered returns n rows, the row i with i%unique as its content; every other
// copy differs in case and white space only.
func numbered(n, unique int) []Example {
	out := make([]Example, n)
	for i := range out {
		text := fmt.Sprintf("Say the number %d", i%unique)
		if i/unique%2 == 1 {
			text = strings.ToUpper("  "+strings.ReplaceAll(text, " ", "\n\t")) + " "
		}
		out[i] = New(text, "", "ok")
		out[i].Source.Row = i
	}
	return out
}

func rowsOf(xs []Example) []int {
	var out []int
	for _, x := range xs {
		out = append(out, x.Source.Row)
	}
	return out
}

func TestNoDuplicateCrossesASplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		xs := numbered(rapid.IntRange(1, 80).Draw(t, "n"), rapid.IntRange(1, 40).Draw(t, "unique"))
		seed := rapid.Uint64().Draw(t, "seed")
		parts := []Part{{"train", 0.5, 0}, {"test", 0.25, 0}, {Name: "rest"}}
		got, err := Split(xs, seed, parts...)
		if err != nil {
			t.Fatal(err)
		}
		where, total := map[[32]byte]int{}, 0
		for p, rows := range got {
			if !slices.IsSorted(rowsOf(rows)) {
				t.Fatalf("part %d is not in the rows' order", p)
			}
			for _, e := range rows {
				d := FoldedDigest(e.Turns)
				if was, ok := where[d]; ok && was != p {
					t.Fatalf("%q stands in parts %d and %d", e.Prompt(), was, p)
				}
				where[d] = p
				total++
			}
		}
		if total != len(xs) {
			t.Fatalf("%d of %d rows were split", total, len(xs))
		}
		// More rows move nobody.
		more, err := Split(append(slices.Clone(xs), New("another", "", "row")), seed, parts...)
		if err != nil {
			t.Fatal(err)
		}
		for p := range got {
			for _, e := range got[p] {
				if !slices.Contains(rowsOf(more[p]), e.Source.Row) {
					t.Fatalf("row %d left part %d when a row was added", e.Source.Row, p)
				}
			}
		}
	})
}

func TestSplitSizes(t *testing.T) {
	xs := numbered(4000, 4000)
	got, err := Split(xs, 1, Part{"a", 0.7, 0}, Part{"b", 0.2, 0}, Part{"c", 0.1, 0})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range []float64{0.7, 0.2, 0.1} {
		if sd := math.Sqrt(4000 * f * (1 - f)); math.Abs(float64(len(got[i]))-4000*f) > 4*sd {
			t.Errorf("part %d has %d rows, want about %v", i, len(got[i]), 4000*f)
		}
	}
	if len(got[0])+len(got[1])+len(got[2]) != 4000 {
		t.Error("fractions that sum to one left rows out")
	}
	got, err = Split(xs, 1, Part{"a", 0, 1000}, Part{"b", 0, 17}, Part{Name: "rest"})
	if err != nil || len(got[0]) != 1000 || len(got[1]) != 17 || len(got[2]) != 2983 {
		t.Errorf("got %d, %d, %d, %v", len(got[0]), len(got[1]), len(got[2]), err)
	}
	other, _ := Split(xs, 2, Part{"a", 0, 1000})
	if same := slices.Equal(rowsOf(got[0]), rowsOf(other[0])); same {
		t.Error("two seeds drew the same rows")
	}
}

func TestSplitRefuses(t *testing.T) {
	pairs := numbered(20, 10) // ten pairs
	for _, c := range []struct {
		parts []Part
		want  string
	}{
		{[]Part{{"a", 0.6, 0}, {"b", 0.6, 0}}, "sum to 1.2"},
		{[]Part{{"a", 1.5, 0}}, "wanted one in (0, 1)"},
		{[]Part{{"a", math.NaN(), 0}}, "wanted one in (0, 1)"},
		{[]Part{{"a", 0, -1}}, "wanted a positive one"},
		{[]Part{{"a", 0.5, 1}}, "wanted one of them"},
		{[]Part{{"a", 0.5, 0}, {"b", 0, 4}}, "wanted one kind"},
		{[]Part{{Name: "a"}, {Name: "b"}}, "wanted one at most"},
		{[]Part{{"a", 0, 21}}, "found 20 rows, wanted 21"},
		{[]Part{{"a", 0, 3}}, "found 2 rows, wanted 3 (duplicates stay together)"},
	} {
		if _, err := Split(pairs, 1, c.parts...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %s", c.parts, err, c.want)
		}
	}
}

func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed, n := rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 200).Draw(t, "n")
		order := Order(seed, 1, n)
		sorted := slices.Sorted(slices.Values(order))
		for i, v := range sorted {
			if i != v {
				t.Fatalf("%v is no permutation", order)
			}
		}
		// Slots that are added stand between the others, whose order stays.
		more := slices.DeleteFunc(Order(seed, 1, n+10), func(i int) bool { return i >= n })
		if !slices.Equal(order, more) {
			t.Fatalf("%v became %v", order, more)
		}
	})
	if a, b := Order(1, 0, 50), Order(1, 1, 50); slices.Equal(a, b) {
		t.Error("two epochs have one order")
	}
	if got := fmt.Sprint(Order(42, 0, 8)); got != "[2 3 7 6 5 1 4 0]" {
		t.Errorf("golden order: got %s", got)
	}
}

func TestPools(t *testing.T) {
	xs := numbered(8000, 8000)
	total := 0
	for p, share := range map[Pool]float64{Development: 0.25, Calibration: 0.375, Evaluation: 0.375} {
		rows := p.In(xs)
		total += len(rows)
		if sd := math.Sqrt(8000 * share * (1 - share)); math.Abs(float64(len(rows))-8000*share) > 4*sd {
			t.Errorf("%v has %d rows, want about %v", p, len(rows), 8000*share)
		}
	}
	if total != 8000 {
		t.Errorf("the pools hold %d rows, want 8000", total)
	}
	for _, pair := range numbered(40, 20)[:20] {
		twin := pair.WithPrompt(strings.ToUpper(pair.Prompt() + " "))
		if PoolOf(&pair) != PoolOf(&twin) {
			t.Errorf("%q and its folded twin stand in two pools", pair.Prompt())
		}
	}
	for seed, want := range map[uint64]string{0: "development", 999: "development", 1000: "calibration", 1999: "calibration", 2000: "evaluation", math.MaxUint64: "evaluation"} {
		if got := PoolOfSeed(seed).String(); got != want {
			t.Errorf("seed %d: got %s, want %s", seed, got, want)
		}
	}
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{"": "", " a\n\tB ": "a b", "ÉA\u00a0b": "éa b", "x": "x"} {
		if got := fold(in); got != want {
			t.Errorf("fold(%q) = %q, want %q", in, got, want)
		}
	}
}
