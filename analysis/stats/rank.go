package stats

// Rank tests, exact given the ties: the distribution of a sum of midranks is built
// by the shift algorithm (B. Streitberg & J. Roehmel, Computational Statistics
// Quarterly 1:23, 1986), so heaps of equal success rates do no harm.
// Only beyond a stated size is the normal approximation used, and Method says so.

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Sizes up to which the tests are exact.
const (
	exactMannWhitney = 100 // values in both samples together
	exactSignedRank  = 200 // differences that are not zero
)

// MannWhitney tests whether values of x tend to be larger or smaller than those of
// y. Statistic is U: the number of pairs with x > y, ties counted half. Two-sided
// compares the distance of U from its mean. Exact up to 100 values, ties or not;
// beyond, normal with correction for ties and continuity.
func MannWhitney(x, y []float64, alt Alternative) (Test, error) {
	const where = "mann-whitney"
	if err := checkSamples(where, x, y, alt); err != nil {
		return Test{}, err
	}
	m, n := len(x), len(x)+len(y)
	if m == 0 || m == n {
		return untestable("exact Mann-Whitney", n, alt, "an empty sample: nothing to compare"), nil
	}
	pooled := slices.Concat(x, y)
	if constant(pooled) {
		t := untestable("exact Mann-Whitney", n, alt, "all values are the same: nothing to compare")
		t.Statistic = float64(m*(n-m)) / 2
		return t, nil
	}
	ranks, cubes := doubledRanks(pooled)
	w := 0 // twice the rank sum of x, expected m(n+1)
	for _, r := range ranks[:m] {
		w += r
	}
	t := Test{Statistic: float64(w-m*(m+1)) / 2, N: n, Alternative: alt,
		Assumptions: []string{"under the hypothesis the values are exchangeable between the samples"}}
	if n <= exactMannWhitney {
		t.Method = "exact Mann-Whitney"
		if cubes > 0 {
			t.Method += " with ties"
		}
		t.P, t.SmallestP = rankTail(subsetSums(ranks, m), w, 2*m*(n+1), alt)
		return t, nil
	}
	t.Method = "Mann-Whitney, normal with tie and continuity correction"
	f, g := float64(m), float64(n-m)
	variance := f * g / 12 * (float64(n+1) - cubes/(float64(n)*float64(n-1)))
	t.P = normalTail(t.Statistic-float64(f*g/2), math.Sqrt(variance), alt)
	t.SmallestP = normalTail(edge(f*g/2, alt), math.Sqrt(variance), alt)
	return t, nil
}

// SignedRank is Wilcoxon's test of differences about zero. Statistic is the sum of
// the ranks of positive differences. Zeros take the lowest ranks, which then
// count for neither sign (J. W. Pratt, JASA 54:655, 1959): dropping them first, as
// Wilcoxon did, can make more zeros look like more evidence. Exact up to 200
// differences that are not zero, beyond that normal with continuity correction.
func SignedRank(differences []float64, alt Alternative) (Test, error) {
	const where = "signed-rank"
	if err := checkSamples(where, differences, nil, alt); err != nil {
		return Test{}, err
	}
	n := len(differences)
	sizes := make([]float64, n)
	for i, d := range differences {
		sizes[i] = math.Abs(d)
	}
	all, _ := doubledRanks(sizes)
	var ranks []int
	w, total, squares := 0, 0, 0.0 // twice the rank sums
	for i, d := range differences {
		if d == 0 {
			continue
		}
		ranks = append(ranks, all[i])
		total += all[i]
		squares += float64(float64(all[i]) * float64(all[i]))
		if d > 0 {
			w += all[i]
		}
	}
	if len(ranks) == 0 {
		return untestable("exact Wilcoxon signed-rank (Pratt)", n, alt, "no difference other than zero: nothing to test"), nil
	}
	t := Test{Statistic: float64(w) / 2, N: n, Alternative: alt,
		Assumptions: []string{"under the hypothesis the differences are symmetric about zero"}}
	if zeros := n - len(ranks); zeros > 0 {
		t.Warnings = append(t.Warnings, fmt.Sprintf("%d of %d differences are zero: ranked, then counted for neither sign", zeros, n))
	}
	if len(ranks) <= exactSignedRank {
		t.Method = "exact Wilcoxon signed-rank (Pratt)"
		t.P, t.SmallestP = rankTail(signedSums(ranks), w, total, alt)
		return t, nil
	}
	t.Method = "Wilcoxon signed-rank (Pratt), normal with tie and continuity correction"
	sd := math.Sqrt(squares) / 4 // of the rank sum
	t.P = normalTail(t.Statistic-float64(float64(total)/4), sd, alt)
	t.SmallestP = normalTail(edge(float64(total)/4, alt), sd, alt)
	return t, nil
}

// doubledRanks are twice the midranks, whole numbers from 2; cubes is the sum of
// t^3 - t over groups of t equal values.
func doubledRanks(xs []float64) (ranks []int, cubes float64) {
	order := make([]int, len(xs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(xs[i], xs[j]) })
	ranks = make([]int, len(xs))
	for i := 0; i < len(order); {
		j := i
		for j < len(order) && xs[order[j]] == xs[order[i]] {
			j++
		}
		for _, k := range order[i:j] {
			ranks[k] = i + 1 + j
		}
		t := float64(j - i)
		cubes += float64(t*t*t) - t
		i = j
	}
	return ranks, cubes
}

// subsetSums[s] is the number of ways in which m of the ranks sum to s.
func subsetSums(ranks []int, m int) []float64 {
	total := 0
	for _, r := range ranks {
		total += r
	}
	ways := make([][]float64, m+1)
	for j := range ways {
		ways[j] = make([]float64, total+1)
	}
	ways[0][0] = 1
	reached := 0
	for _, r := range ranks {
		reached += r
		for j := m; j >= 1; j-- {
			from, to := ways[j-1], ways[j]
			for s := reached; s >= r; s-- {
				to[s] += from[s-r]
			}
		}
	}
	return ways[m]
}

// signedSums[s] is the number of sign choices whose positive ranks sum to s.
func signedSums(ranks []int) []float64 {
	total := 0
	for _, r := range ranks {
		total += r
	}
	ways := make([]float64, total+1)
	ways[0] = 1
	for _, r := range ranks {
		for s := total; s >= r; s-- {
			ways[s] += ways[s-r]
		}
	}
	return ways
}

// rankTail is the P of sum w with mean twice/2, and the smallest P that ways allow.
func rankTail(ways []float64, w, twice int, alt Alternative) (p, smallest float64) {
	score := func(s int) int {
		d := 2*s - twice
		if alt == Less || (alt == TwoSided && d < 0) {
			return -d
		}
		return d
	}
	extreme := math.MinInt
	for s, k := range ways {
		if k > 0 {
			extreme = max(extreme, score(s))
		}
	}
	var total, far, edge float64
	for s, k := range ways {
		total += k
		if score(s) >= score(w) {
			far += k
		}
		if k > 0 && score(s) == extreme {
			edge += k
		}
	}
	return far / total, edge / total
}

// normalTail is the P of a deviation d of a half-integer statistic.
func normalTail(d, sd float64, alt Alternative) float64 {
	d = float64(d)
	switch alt {
	case Less:
		d = -d
	case TwoSided:
		return min(1, 2*normalCDF(-(math.Abs(d)-0.5)/sd))
	}
	return normalCDF(-(d - 0.5) / sd)
}

// edge is the largest deviation in the direction of alt.
func edge(d float64, alt Alternative) float64 {
	if alt == Less {
		return -d
	}
	return d
}
