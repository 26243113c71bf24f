package stats

// Attack against defence as a zero-sum game: value and optimal mixed strategies by
// linear programming (J. von Neumann 1928; G. Dantzig 1951), solved exactly, so that ties
// are ties and the same matrix gives the same mixture everywhere. The value on the
// seeds that chose the strategies flatters both sides; SplitGame values them on others.

import (
	"fmt"
	"math"
	"math/big"
)

// Game is a solved matrix. The row player gets Value at least with the mixture Rows,
// and no more against the mixture Columns.
type Game struct {
	Value         float64
	Rows, Columns []float64 // probabilities, each summing to 1 but for rounding
	Saddle        bool      // both mixtures are pure
	Warnings      []string
}

// SolveGame wants payoff[row][column] to the row player, finite. Of several optimal mixtures
// it returns the one that Bland's rule reaches, which favours low indices.
func SolveGame(payoff [][]float64) (Game, error) {
	if err := checkGame("game", payoff); err != nil {
		return Game{}, err
	}
	m, n := len(payoff), len(payoff[0])
	low, high := payoff[0][0], payoff[0][0]
	for _, row := range payoff {
		for _, v := range row {
			low, high = min(low, v), max(high, v)
		}
	}
	if low == high {
		g := Game{Value: low, Rows: pure(m, 0), Columns: pure(n, 0), Saddle: true,
			Warnings: []string{"all payoffs are the same: every mixture is optimal"}}
		return g, nil
	}
	// With the payoffs B = A + (high - 2 low) > 0: maximise sum(y), B y <= 1, y >= 0. Then
	// 1/sum(y) is the value of B, y scaled is the columns' mixture and the dual is the rows'.
	shift := new(big.Rat).SetFloat64(high)
	shift.Sub(shift, new(big.Rat).SetFloat64(low))
	shift.Sub(shift, new(big.Rat).SetFloat64(low))
	b := make([][]*big.Rat, m)
	for i := range b {
		b[i] = zeroRats(n)
		for j, v := range b[i] {
			v.Add(v.SetFloat64(payoff[i][j]), shift)
		}
	}
	one := big.NewRat(1, 1)
	y, x, total, _ := simplexMax(b, ratsOf(m, one), ratsOf(n, one)) // bounded, since B > 0
	g := Game{Rows: mixture(x, total), Columns: mixture(y, total)}
	value := new(big.Rat).Inv(total)
	g.Value, _ = value.Sub(value, shift).Float64()
	g.Saddle = isPure(g.Rows) && isPure(g.Columns)
	return g, nil
}

func checkGame(where string, payoff [][]float64) error {
	if len(payoff) == 0 || len(payoff[0]) == 0 {
		return fmt.Errorf("%s: no rows or no columns: want at least one strategy each", where)
	}
	for i, row := range payoff {
		if len(row) != len(payoff[0]) {
			return fmt.Errorf("%s: row %d has %d columns, row 0 has %d: want a full matrix", where, i, len(row), len(payoff[0]))
		}
		if err := checkFinite(fmt.Sprintf("%s: row %d", where, i), row); err != nil {
			return err
		}
	}
	return nil
}

func mixture(x []*big.Rat, total *big.Rat) []float64 {
	p := make([]float64, len(x))
	for i := range x {
		p[i], _ = new(big.Rat).Quo(x[i], total).Float64()
	}
	return p
}

func pure(n, i int) []float64 {
	p := make([]float64, n)
	p[i] = 1
	return p
}

func isPure(p []float64) bool {
	for _, v := range p {
		if v != 0 && v != 1 {
			return false
		}
	}
	return true
}

// SplitGame is a game solved on half the seeds and valued on the other half.
type SplitGame struct {
	First, Second Game     // solved on the even and on the odd seeds
	InSample      Game     // solved on all: what not to quote as a value
	Value         Estimate // mean over seeds, each under the mixtures of the other half
	// What the columns' player loses at worst on the half that did not choose: by the mixture, and by the one column whose worst was best; at one
	// seed, on that. Pure is that column on all seeds.
	WorstMixed, WorstPure float64
	Pure                  int
}

// SolveSplitGame wants payoff[seed][row][column], the seeds in an order that says nothing.
// Even ones solve and odd ones value, and the reverse; the interval is Student's over seeds.
func SolveSplitGame(payoff [][][]float64, level float64) (SplitGame, error) {
	const where = "split game"
	if err := checkLevel(where, level); err != nil {
		return SplitGame{}, err
	}
	for s, p := range payoff {
		at := fmt.Sprintf("%s: seed %d", where, s)
		if err := checkGame(at, p); err != nil {
			return SplitGame{}, err
		}
		if len(p) != len(payoff[0]) || len(p[0]) != len(payoff[0][0]) {
			return SplitGame{}, fmt.Errorf("%s: %d by %d, seed 0 is %d by %d: want one shape", at, len(p), len(p[0]), len(payoff[0]), len(payoff[0][0]))
		}
	}
	if len(payoff) == 0 {
		return SplitGame{}, fmt.Errorf("%s: no seeds: want at least 2, one for either half", where)
	}
	var halves [2][][][]float64
	for s, p := range payoff {
		halves[s%2] = append(halves[s%2], p)
	}
	out := SplitGame{Value: Estimate{Value: math.NaN(), Interval: unbounded(level), N: len(payoff),
		Method:      "split-sample value, Student's t over seeds",
		Assumptions: []string{"seeds are independent and their mean is nearly normal", "both halves' mixtures are taken as given"}}}
	var err error
	if out.InSample, err = SolveGame(meanPayoff(payoff)); err != nil {
		return SplitGame{}, err
	}
	out.Pure = bestColumn(meanPayoff(payoff))
	out.WorstMixed, out.WorstPure = worst(payoff[0], out.InSample.Columns), worst(payoff[0], pure(len(payoff[0][0]), out.Pure))
	if len(payoff) == 1 {
		out.First, out.Second = out.InSample, out.InSample
		out.Value.Warnings = []string{"one seed: nothing is left to value the mixtures on"}
		return out, nil
	}
	solved := [2]*Game{&out.First, &out.Second}
	var values []float64
	out.WorstMixed, out.WorstPure = 0, 0
	for h, half := range halves {
		own, other := meanPayoff(half), meanPayoff(halves[1-h])
		g, err := SolveGame(own)
		if err != nil {
			return SplitGame{}, err
		}
		*solved[h] = g
		out.WorstMixed += float64(worst(other, g.Columns) / 2)
		out.WorstPure += float64(worst(other, pure(len(own[0]), bestColumn(own))) / 2)
		for _, p := range halves[1-h] {
			values = append(values, play(p, g.Rows, g.Columns))
		}
	}
	out.Value.Value = mean(values)
	if constant(values) {
		out.Value.Warnings = []string{"the same value in every seed: its spread cannot be known"}
		return out, nil
	}
	half := float64(tCritical(level, float64(len(values)-1)) * math.Sqrt(variance(values)/float64(len(values))))
	out.Value.Interval.Low, out.Value.Interval.High = out.Value.Value-half, out.Value.Value+half
	return out, nil
}

// worst is the most that a row gets against a mixture of columns.
func worst(payoff [][]float64, columns []float64) float64 {
	most := math.Inf(-1)
	for _, row := range payoff {
		most = max(most, dot(row, columns))
	}
	return most
}

// bestColumn is the first of the columns whose worst is best.
func bestColumn(payoff [][]float64) int {
	best, least := 0, math.Inf(1)
	for j := range payoff[0] {
		if w := worst(payoff, pure(len(payoff[0]), j)); w < least {
			best, least = j, w
		}
	}
	return best
}

func meanPayoff(seeds [][][]float64) [][]float64 {
	out := zeros(len(seeds[0]), len(seeds[0][0]))
	cell := make([]float64, len(seeds))
	for i := range out {
		for j := range out[i] {
			for s := range seeds {
				cell[s] = seeds[s][i][j]
			}
			out[i][j] = mean(cell)
		}
	}
	return out
}

// play is the payoff when both play mixtures.
func play(payoff [][]float64, rows, columns []float64) float64 {
	v := 0.0
	for i, p := range rows {
		v += float64(p * dot(payoff[i], columns))
	}
	return v
}
