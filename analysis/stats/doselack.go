package stats

// Does the dose-response curve pass through the doses' rates? The classical F test of lack
// of fit: doses' distances from the curve against how rows of one dose scatter (N. Draper and H.
// Smith, Applied Regression Analysis, 1998, chapter 2; counts as in P. McCullagh and J.
// Nelder, 1989, chapter 4).

import (
	"fmt"
	"math"
)

const lackMethod = "lack-of-fit F test of doses around the curve against rows within doses"

// misfit is the P below which a warning says that the curve is wrong.
const misfit = 0.01

// doseCell is what the rows of one dose add to the test.
type doseCell struct {
	y, m, p float64 // successes, trials, the curve's rate
	rows    int
}

// lackOfFit compares Pearson's chi-square of the doses' totals around the curve, by doses
// less parameters, with that of rows around their dose's own rate, by rows less doses. A
// dose where all or none succeed shows no scatter and is not counted in the latter.
func (f *doseFit) lackOfFit() Test {
	cells, cellOf := f.doseCells()
	df1, df2 := len(cells)-count(f.fit.free), 0
	var around, within float64
	for _, c := range cells {
		if v := float64(c.m*c.p) * (1 - c.p); v > 0 {
			d := c.y - float64(c.m*c.p)
			around += float64(d*d) / v
		}
		if c.y > 0 && c.y < c.m {
			df2 += c.rows - 1
		}
	}
	for i, y := range f.problem.y {
		c, m := cells[cellOf[i]], f.problem.m[i]
		rate := c.y / c.m
		if v := float64(m*rate) * (1 - rate); v > 0 {
			d := y - float64(m*rate)
			within += float64(d*d) / v
		}
	}
	n := len(f.problem.y)
	switch {
	case f.separated:
		return untestable(lackMethod, n, Greater, "separated doses: the penalised curve need not pass through them")
	case df1 < 1:
		return untestable(lackMethod, n, Greater, fmt.Sprintf("%d doses for %d parameters: no lack of fit can be seen", len(cells), count(f.fit.free)))
	case df2 < 1 || !(within > 0):
		return untestable(lackMethod, n, Greater, "rows of a dose do not differ: no scatter to compare lack of fit with")
	}
	statistic := around / float64(df1) * float64(df2) / within
	return Test{Statistic: statistic, P: fTail(statistic, float64(df1), float64(df2)), Alternative: Greater, N: n,
		Method:      fmt.Sprintf("%s, %d and %d df", lackMethod, df1, df2),
		Assumptions: []string{"rows of a dose scatter alike around its rate, relative to binomial counts"}}
}

// doseCells groups the fitted rows by dose, in order of appearance.
func (f *doseFit) doseCells() (cells []doseCell, cellOf []int) {
	at := map[float64]int{}
	for i, x := range f.problem.x {
		z := math.Inf(-1) // dose 0 on a logarithmic scale
		if x != nil {
			z = x[1]
		}
		k, known := at[z]
		if !known {
			k = len(cells)
			at[z] = k
			cells = append(cells, doseCell{p: f.problem.row(i, f.fit.theta).p})
		}
		c := &cells[k]
		c.y, c.m, c.rows = c.y+f.problem.y[i], c.m+f.problem.m[i], c.rows+1
		cellOf = append(cellOf, k)
	}
	return cells, cellOf
}
