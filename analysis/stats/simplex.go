package stats

// A linear program solved exactly: every float64 is a fraction, so the tableau can hold
// integers and pivot without a rounding (the integer pivoting of Edmonds and
// Bareiss), with Bland's rule (1977), which cannot cycle. Ties are therefore ties, and
// the answer is the same everywhere. For the small programs of this package (games,
// separation); not for large or sparse ones.

import "math/big"

// simplexMax maximises c'x subject to A x <= b, x >= 0, where b >= 0. It returns the
// solution x [n], the dual y [m] and the value, exact; bounded is false when there is no
// largest value.
func simplexMax(a [][]*big.Rat, b, c []*big.Rat) (x, y []*big.Rat, value *big.Rat, bounded bool) {
	m, n := len(a), len(c)
	t := newTableau(a, b, c)
	for {
		col := t.entering()
		if col < 0 {
			break
		}
		row := t.leaving(col)
		if row < 0 {
			return nil, nil, nil, false
		}
		t.pivot(row, col)
	}
	// Variables 0..n-1 are x, n..n+m-1 the slacks; a nonbasic slack's cost is its dual.
	x, y = zeroRats(n), zeroRats(m)
	for i, v := range t.basic {
		if v < n {
			x[v].SetFrac(t.cell[i][n], t.den)
		}
	}
	for j, v := range t.nonbasic {
		if v >= n {
			y[v-n].SetFrac(t.cell[m][j], t.den)
		}
	}
	value = new(big.Rat).SetFrac(t.cell[m][n], t.den)
	return x, y, value.Quo(value, t.scale), true
}

// tableau is condensed: a row per basic variable, then the objective; a column per
// nonbasic variable, then the right side. Every entry is cell / den, den > 0. The
// program solved has rows and objective multiplied by scale, which changes
// neither x nor y, only the value.
type tableau struct {
	cell            [][]*big.Int
	den             *big.Int
	scale           *big.Rat
	basic, nonbasic []int
}

func newTableau(a [][]*big.Rat, b, c []*big.Rat) *tableau {
	rows := make([][]*big.Rat, 0, len(a)+1)
	for i := range a {
		rows = append(rows, append(append([]*big.Rat(nil), a[i]...), b[i]))
	}
	last := zeroRats(len(c) + 1)
	for j := range c {
		last[j].Neg(c[j])
	}
	rows = append(rows, last)

	t := &tableau{den: big.NewInt(1)}
	t.cell, t.scale = integers(rows)
	for j := range c {
		t.nonbasic = append(t.nonbasic, j)
	}
	for i := range a {
		t.basic = append(t.basic, len(c)+i)
	}
	return t
}

// entering is Bland's: the lowest-numbered variable that improves, -1 at the optimum.
func (t *tableau) entering() int {
	last, best := t.cell[len(t.cell)-1], -1
	for j, v := range t.nonbasic {
		if last[j].Sign() < 0 && (best < 0 || v < t.nonbasic[best]) {
			best = j
		}
	}
	return best
}

// leaving is the row of the smallest ratio, ties to the lowest-numbered variable; -1
// where nothing limits the column.
func (t *tableau) leaving(col int) int {
	rhs, best := len(t.nonbasic), -1
	var l, r big.Int
	for i, v := range t.basic {
		if t.cell[i][col].Sign() <= 0 {
			continue
		}
		if best < 0 {
			best = i
			continue
		}
		l.Mul(t.cell[i][rhs], t.cell[best][col])
		r.Mul(t.cell[best][rhs], t.cell[i][col])
		if d := l.Cmp(&r); d < 0 || d == 0 && v < t.basic[best] {
			best = i
		}
	}
	return best
}

func (t *tableau) pivot(row, col int) {
	p := t.cell[row][col] // > 0
	var u, w big.Int
	for i := range t.cell {
		if i == row {
			continue
		}
		for j := range t.cell[i] {
			if j == col {
				continue
			}
			u.Mul(t.cell[i][j], p)
			w.Mul(t.cell[i][col], t.cell[row][j])
			u.Sub(&u, &w)
			t.cell[i][j].Quo(&u, t.den) // exact
		}
		t.cell[i][col].Neg(t.cell[i][col])
	}
	// The pivot row keeps its cells; the pivot itself becomes the old denominator.
	t.cell[row][col], t.den = t.den, p
	t.basic[row], t.nonbasic[col] = t.nonbasic[col], t.basic[row]
}

// integers multiplies fractions by one number, scale, that makes them whole.
func integers(rows [][]*big.Rat) (cells [][]*big.Int, scale *big.Rat) {
	common := big.NewInt(1)
	var gcd, extra big.Int
	for _, row := range rows {
		for _, v := range row {
			gcd.GCD(nil, nil, common, v.Denom())
			common.Mul(common, extra.Quo(v.Denom(), &gcd))
		}
	}
	cells = make([][]*big.Int, len(rows))
	for i, row := range rows {
		cells[i] = make([]*big.Int, len(row))
		for j, v := range row {
			cells[i][j] = new(big.Int).Mul(v.Num(), extra.Quo(common, v.Denom()))
		}
	}
	return cells, new(big.Rat).SetInt(common)
}

func zeroRats(n int) []*big.Rat {
	r := make([]*big.Rat, n)
	for i := range r {
		r[i] = new(big.Rat)
	}
	return r
}

func ratsOf(n int, value *big.Rat) []*big.Rat {
	r := make([]*big.Rat, n)
	for i := range r {
		r[i] = value
	}
	return r
}
