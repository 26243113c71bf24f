package stats

// Rates, samples, pairs and resampling against SciPy, statsmodels and R:
// testdata/oracle_samples.py and oracle_samples.R.

import (
	"fmt"
	"math"
	"testing"
)

type byAlternative map[Alternative]float64

func (want byAlternative) check(t *testing.T, what string, test func(alt Alternative) (Test, error)) {
	t.Helper()
	if len(want) != 3 {
		t.Fatalf("%s: %d alternatives in the oracle: want 3", what, len(want))
	}
	for _, alt := range []Alternative{TwoSided, Greater, Less} {
		got, err := test(alt)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, fmt.Sprintf("%s %s", what, alt), got.P, want[alt], tight)
		if got.P < got.SmallestP {
			t.Errorf("%s: P %v below the smallest possible %v", what, got.P, got.SmallestP)
		}
	}
}

func TestRatesAgainstOracles(t *testing.T) {
	var o struct {
		Rates []struct {
			K, N          int
			Level         float64
			Wilson, Exact []float64
			Upper, Lower  float64
		}
		Differences []struct {
			Counts             []int
			Newcombe, Score, Z []float64
			Inferior           float64
			Equivalent         float64
		}
	}
	readOracle(t, "oracle_samples_py.json", &o)
	var r struct {
		Rates []struct{ Exact, Wilson []float64 }
	}
	readOracle(t, "oracle_samples_r.json", &r)
	if len(o.Rates) != 24 || len(r.Rates) != 24 || len(o.Differences) != 6 {
		t.Fatal("want 24 rates and 6 differences")
	}
	for i, c := range o.Rates {
		for _, f := range []struct {
			name string
			fn   func(k, n int, level float64) (Estimate, error)
			want []float64
		}{
			{"wilson", Wilson, c.Wilson}, {"wilson of R", Wilson, r.Rates[i].Wilson},
			{"exact", ClopperPearson, c.Exact}, {"exact of R", ClopperPearson, r.Rates[i].Exact},
			{"upper", ClopperPearsonUpper, []float64{0, c.Upper}}, {"lower", ClopperPearsonLower, []float64{c.Lower, 1}},
		} {
			got, err := f.fn(c.K, c.N, c.Level)
			if err != nil {
				t.Fatal(err)
			}
			agreesInterval(t, fmt.Sprintf("%s %d of %d", f.name, c.K, c.N), got.Interval, f.want, tight)
		}
	}
	for _, c := range o.Differences {
		k := c.Counts
		at := fmt.Sprint(k)
		n, err := Newcombe(k[0], k[1], k[2], k[3], 0.95)
		if err != nil {
			t.Fatal(err)
		}
		agreesInterval(t, at+" newcombe", n.Interval, c.Newcombe, tight)
		for claim, p := range map[Claim]float64{NonInferior: c.Inferior, Equivalent: c.Equivalent} {
			m, err := MarginRates(claim, k[0], k[1], k[2], k[3], 0.1, 0.05)
			if err != nil {
				t.Fatal(err)
			}
			agreesInterval(t, at+" score", m.Difference.Interval, c.Score, tight)
			agrees(t, at+" "+string(claim), m.Test.P, p, tight)
		}
		s := ratesOf(k[0], k[1], k[2], k[3])
		agrees(t, at+" z", s.score(-0.1), c.Z[0], tight)
		agrees(t, at+" z", s.score(0.1), c.Z[1], tight)
	}
}

func TestBinomialsAgainstSciPy(t *testing.T) {
	var o struct {
		Binomial []struct {
			K, N              int
			P                 float64
			PMF, Lower, Upper float64
		}
		Beta_binomial []struct {
			N                      int
			A, B                   float64
			K                      []int
			PMF, At_most, At_least []float64
		}
	}
	readOracle(t, "oracle_samples_py.json", &o)
	if len(o.Binomial) != 5 || len(o.Beta_binomial) != 5 {
		t.Fatal("want 5 and 5 cases")
	}
	near := func(what string, got, want float64) { // relative, for tails
		t.Helper()
		agrees(t, what, got/want, 1, tight)
	}
	for _, c := range o.Binomial {
		near("pmf", binomialPMF(c.K, c.N, c.P), c.PMF)
		near("lower tail", binomialLower(c.K, c.N, c.P), c.Lower)
		near("upper tail", binomialUpper(c.K, c.N, c.P), c.Upper)
	}
	for _, c := range o.Beta_binomial {
		d, err := NewBetaBinomial(c.N, c.A, c.B)
		if err != nil {
			t.Fatal(err)
		}
		for i, k := range c.K {
			near(fmt.Sprintf("pmf %d of %d", k, c.N), d.PMF(k), c.PMF[i])
			near("at most", d.AtMost(k), c.At_most[i])
			near("at least", d.AtLeast(k), c.At_least[i])
		}
	}
}

func TestPairsAgainstOracles(t *testing.T) {
	var o struct {
		McNemar []struct {
			Counts         []int
			P, Mid         byAlternative
			Tango, Tango90 []float64
		}
	}
	readOracle(t, "oracle_samples_py.json", &o)
	var r struct{ McNemar []float64 }
	readOracle(t, "oracle_samples_r.json", &r)
	if len(o.McNemar) != 5 || len(r.McNemar) != 5 {
		t.Fatal("want 5 cases")
	}
	for i, c := range o.McNemar {
		p := Paired{c.Counts[0], c.Counts[1], c.Counts[2], c.Counts[3]}
		at := fmt.Sprint(c.Counts)
		c.P.check(t, at+" mcnemar", func(alt Alternative) (Test, error) { return McNemar(p, alt) })
		c.Mid.check(t, at+" mid-p", func(alt Alternative) (Test, error) { return McNemarMidP(p, alt) })
		agrees(t, at+" mcnemar of R", c.P[TwoSided], r.McNemar[i], tight)
		for level, want := range map[float64][]float64{0.95: c.Tango, 0.9: c.Tango90} {
			got, err := Tango(p, level)
			if err != nil {
				t.Fatal(err)
			}
			agreesInterval(t, at+" tango", got.Interval, want, tight)
		}
		m, err := MarginPairedRates(NonInferior, p, 0.1, 0.05)
		if err != nil {
			t.Fatal(err)
		}
		agreesInterval(t, at+" margin", m.Difference.Interval, c.Tango90, tight)
		if m.Holds != (c.Tango90[0] >= -0.1) {
			t.Errorf("%s: the claim holds: %v, but the interval is %v", at, m.Holds, c.Tango90)
		}
	}
}

func TestSamplesAgainstOracles(t *testing.T) {
	type tests struct{ Mann_whitney, Permutation byAlternative }
	var o struct {
		Samples []struct {
			X, Y []float64
			U    float64

			Mann_whitney, Permutation byAlternative
		}
		Paired []struct {
			D                      []float64
			Signed_rank, Sign_flip byAlternative
		}
		Large_ranks struct {
			X, Y, D                   []float64
			Mann_whitney, Signed_rank byAlternative
		}
	}
	readOracle(t, "oracle_samples_py.json", &o)
	var r struct {
		Samples            []tests
		Paired             []byAlternative
		Large_mann_whitney byAlternative
	}
	readOracle(t, "oracle_samples_r.json", &r)
	if len(o.Samples) != 5 || len(r.Samples) != 5 || len(o.Paired) != 5 || len(r.Paired) != 5 {
		t.Fatal("want 5 cases of each")
	}
	for i, c := range o.Samples {
		mw := func(alt Alternative) (Test, error) { return MannWhitney(c.X, c.Y, alt) }
		perm := func(alt Alternative) (Test, error) { return Permutation(nil, c.X, c.Y, alt, 0) }
		c.Mann_whitney.check(t, "mann-whitney", mw)
		r.Samples[i].Mann_whitney.check(t, "mann-whitney of R", mw)
		c.Permutation.check(t, "permutation", perm)
		r.Samples[i].Permutation.check(t, "permutation of R", perm)
		got, _ := mw(TwoSided)
		agrees(t, "U", got.Statistic, c.U, tight)
	}
	for i, c := range o.Paired {
		rank := func(alt Alternative) (Test, error) { return SignedRank(c.D, alt) }
		c.Signed_rank.check(t, fmt.Sprint("signed-rank ", c.D), rank)
		r.Paired[i].check(t, fmt.Sprint("signed-rank of R ", c.D), rank)
		c.Sign_flip.check(t, fmt.Sprint("sign-flip ", c.D), func(alt Alternative) (Test, error) { return SignFlip(nil, c.D, alt, 0) })
	}
	l := o.Large_ranks
	mw := func(alt Alternative) (Test, error) { return MannWhitney(l.X, l.Y, alt) }
	l.Mann_whitney.check(t, "large mann-whitney", mw)
	r.Large_mann_whitney.check(t, "large mann-whitney of R", mw)
	l.Signed_rank.check(t, "large signed-rank", func(alt Alternative) (Test, error) { return SignedRank(l.D, alt) })
}

func TestEffectsAgainstOracles(t *testing.T) {
	var o struct {
		Effects []struct {
			X, Y, Paired                []float64
			G, Cliff, Paired_g          float64
			G_interval, Paired_interval []float64
			Cliff_interval              []float64
		}
		Means []struct {
			X, Y                                 []float64
			Margin                               float64
			Welch, Welch_low, Paired, Paired_low float64
		}
	}
	readOracle(t, "oracle_samples_py.json", &o)
	if len(o.Effects) != 4 || len(o.Means) != 4 {
		t.Fatal("want 4 and 4 cases")
	}
	for i, c := range o.Effects {
		at := fmt.Sprintf("case %d ", i)
		g, err := HedgesG(c.X, c.Y, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, at+"g", g.Value, c.G, tight)
		agreesInterval(t, at+"g", g.Interval, c.G_interval, tight)
		if g, err = HedgesGPaired(c.Paired, 0.95); err != nil {
			t.Fatal(err)
		}
		agrees(t, at+"paired g", g.Value, c.Paired_g, tight)
		agreesInterval(t, at+"paired g", g.Interval, c.Paired_interval, tight)
		d, err := CliffsDelta(c.X, c.Y, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, at+"cliff", d.Value, c.Cliff, tight)
		if c.Cliff_interval != nil {
			agreesInterval(t, at+"cliff", d.Interval, c.Cliff_interval, tight)
		}
	}
	for i, c := range o.Means {
		paired := make([]float64, min(len(c.X), len(c.Y)))
		for j := range paired {
			paired[j] = c.X[j] - c.Y[j]
		}
		for _, e := range []struct {
			claim         Claim
			welch, paired float64
		}{{Equivalent, c.Welch, c.Paired}, {NonInferior, c.Welch_low, c.Paired_low}} {
			m, err := MarginMeans(e.claim, c.X, c.Y, c.Margin, 0.05)
			if err != nil {
				t.Fatal(err)
			}
			agrees(t, fmt.Sprintf("case %d welch %s", i, e.claim), m.Test.P, e.welch, tight)
			if m, err = MarginPairedMeans(e.claim, paired, c.Margin, 0.05); err != nil {
				t.Fatal(err)
			}
			agrees(t, fmt.Sprintf("case %d paired %s", i, e.claim), m.Test.P, e.paired, tight)
		}
	}
}

// replay is a source whose draws below the sizes, in turn, are the indices.
type replay struct{ indices, sizes []int }

func (r *replay) Uint64() uint64 {
	i, n := r.indices[0], r.sizes[0]
	r.indices, r.sizes = r.indices[1:], r.sizes[1:]
	return uint64((float64(i) + 0.5) / float64(n) * (1 << 63) * 2) // intn takes the high word of this times n
}

func (r *replay) add(n int, indices []int) {
	for _, i := range indices {
		r.indices, r.sizes = append(r.indices, i), append(r.sizes, n)
	}
}

func TestBootstrapAgainstSciPy(t *testing.T) {
	var o struct {
		Bootstrap []struct {
			Values          []float64
			Strata          []int
			Draws           [][]int
			Percentile, BCa []float64
		}
		Crossed []struct {
			Table    [][]*float64
			Draws    [][]int
			Value    float64
			Interval []float64
		}
	}
	readOracle(t, "oracle_samples_py.json", &o)
	if len(o.Bootstrap) != 3 || len(o.Crossed) != 2 {
		t.Fatal("want 3 and 2 cases")
	}
	for i, c := range o.Bootstrap {
		script := func() *replay {
			r := &replay{}
			for _, d := range c.Draws {
				for _, g := range (Rows{len(c.Values), c.Strata}).groups() {
					r.add(len(g), d[:len(g)])
					d = d[len(g):]
				}
			}
			return r
		}
		stat := func(rows []int) float64 {
			s := 0.0
			for _, r := range rows {
				s += c.Values[r]
			}
			return s / float64(len(rows))
		}
		at := fmt.Sprintf("case %d ", i)
		got, err := BootstrapPercentile(script(), Rows{len(c.Values), c.Strata}, stat, len(c.Draws), 0.95)
		if err != nil {
			t.Fatal(err)
		}
		agreesInterval(t, at+"percentile", got.Interval, c.Percentile, tight)
		if c.BCa == nil {
			continue
		}
		if got, err = BootstrapBCa(script(), Rows{len(c.Values), c.Strata}, stat, len(c.Draws), 0.95); err != nil {
			t.Fatal(err)
		}
		agreesInterval(t, at+"bca", got.Interval, c.BCa, tight)
	}
	for i, c := range o.Crossed {
		table := make([][]float64, len(c.Table))
		for s, row := range c.Table {
			for _, v := range row {
				x := math.NaN()
				if v != nil {
					x = *v
				}
				table[s] = append(table[s], x)
			}
		}
		r := &replay{}
		for _, d := range c.Draws {
			r.add(len(table), d[:len(table)])
			r.add(len(table[0]), d[len(table):])
		}
		got, err := BootstrapCrossed(r, table, Rates, len(c.Draws), 0.95)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, fmt.Sprintf("case %d crossed", i), got.Value, c.Value, tight)
		agreesInterval(t, fmt.Sprintf("case %d crossed", i), got.Interval, c.Interval, tight)
	}
	if len(o.Bootstrap[0].BCa) != 2 {
		t.Error("no BCa interval in the oracle")
	}
}
