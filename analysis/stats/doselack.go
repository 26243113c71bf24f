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

// lackOfFit compares the doses with the curve.
func (f *doseFit) lackOfFit() Test {
	if f.separated {
		return untestable(lackMethod, len(f.problem.y), Greater, "separated doses: the penalised curve need not pass through them")
	}
	cells, cellOf := f.doseCells()
	return lack(cells, cellOf, f.problem.y, f.problem.m, count(f.fit.free))
}

// lack compares Pearson's chi-square of the cells' totals around the model, by cells less parameters, with that of rows around their cell's own
// rate, by rows less cells. A cell where all or none succeed shows no scatter and is not counted in the latter.
func lack(cells []doseCell, cellOf []int, y, m []float64, parameters int) Test {
	df1, df2 := len(cells)-parameters, 0
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
	for i := range y {
		c := cells[cellOf[i]]
		rate := c.y / c.m
		if v := float64(m[i]*rate) * (1 - rate); v > 0 {
			d := y[i] - float64(m[i]*rate)
			within += float64(d*d) / v
		}
	}
	switch {
	case df1 < 1:
		return untestable(lackMethod, len(y), Greater, fmt.Sprintf("%d doses for %d parameters: no lack of fit can be seen", len(cells), parameters))
	case df2 < 1 || !(within > 0):
		return untestable(lackMethod, len(y), Greater, "rows of a dose do not differ: no scatter to compare lack of fit with")
	}
	statistic := around / float64(df1) * float64(df2) / within
	return Test{Statistic: statistic, P: fTail(statistic, float64(df1), float64(df2)), Alternative: Greater, N: len(y),
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
