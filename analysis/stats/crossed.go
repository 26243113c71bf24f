package stats

// The bootstrap for a table of seeds x items: rows and columns are both drawn again,
// because an item that is hard is hard for every seed (A. B. Owen, The pigeonhole
// bootstrap, Annals of Applied Statistics 1:386, 2007; slightly conservative).
// Few seeds make percentile intervals too narrow, so the quantiles are taken
// further out (T. Hesterberg, What teachers should know about the bootstrap,
// The American Statistician 69:371, 2015: expanded percentiles).

import (
	"fmt"
	"math"
	"slices"
)

// fewSeeds is where a warning begins: below it even an exact method could
// hardly reach the usual levels.
const fewSeeds = 5

func tooFew(n int, units string) string {
	return fmt.Sprintf("%d %s: coverage is not assured below %d", n, units, fewSeeds)
}

// furtherOut is the critical value whose normal tails are taken of few resampled
// units: Student's, for n units, times sqrt(n/(n-1)), because resampled variance is
// that much too small.
func furtherOut(level float64, n int) float64 {
	df := float64(n - 1)
	return math.Sqrt(float64(n)/df) * tCritical(level, df)
}

// BootstrapCrossed is the mean over table[seed][item], with NaN for a missing
// cell. For attack minus clean, give the table of differences and the support
// Differences. A side with a single seed or item is not resampled, with a warning: the
// interval then speaks of that seed, or item, only. N counts the cells present.
func BootstrapCrossed(src Source, table [][]float64, support Support, resamples int, level float64) (Estimate, error) {
	c, err := newCrossed(table, support, level, resamples)
	if err != nil {
		return Estimate{}, err
	}
	if src == nil {
		return Estimate{}, fmt.Errorf("crossed bootstrap: no source: want one")
	}
	e := c.estimate(level)
	if c.settled {
		return e, nil
	}
	reps := c.replicates(src, resamples)
	if len(reps) == 0 {
		e.Warnings = append(e.Warnings, "no resample of so sparse a table has a cell: the data do not bound the mean")
		return e, nil
	}
	tail := normalCDF(-furtherOut(level, c.df+1))
	e.Interval = Interval{quantile(reps, tail), quantile(reps, 1-tail), level}
	e.Method = c.method(resamples)
	return e, nil
}

// crossed is a checked table.
type crossed struct {
	cells    []float64 // present ones [n]
	seed     []int     // of each cell
	item     []int
	seeds    int // with at least one cell
	items    int
	missing  int
	df       int  // of the smaller side that is resampled
	settled  bool // no resampling is possible or needed
	support  Support
	warnings []string
}

func newCrossed(table [][]float64, support Support, level float64, resamples int) (*crossed, error) {
	if err := checkRows(Rows{}, resamples, level); err != nil {
		return nil, err
	}
	c := &crossed{support: support}
	items := map[int]int{}
	for s, row := range table {
		if len(row) != len(table[0]) {
			return nil, fmt.Errorf("crossed bootstrap: seed %d has %d items, seed 0 has %d: want a full table, NaN where a cell is missing", s, len(row), len(table[0]))
		}
		before := len(c.cells)
		for i, v := range row {
			if math.IsNaN(v) {
				c.missing++
				continue
			}
			if _, ok := items[i]; !ok {
				items[i] = len(items)
			}
			c.cells, c.seed, c.item = append(c.cells, v), append(c.seed, c.seeds), append(c.item, items[i])
		}
		if len(c.cells) > before {
			c.seeds++
		}
	}
	c.items = len(items)
	if err := checkSupport("crossed bootstrap", c.cells, support); err != nil {
		return nil, err
	}
	c.judge()
	return c, nil
}

// judge fills df, settled and warnings.
func (c *crossed) judge() {
	switch {
	case len(c.cells) == 0:
		c.warnings = append(c.warnings, "no cells: the mean is undefined")
	case c.seeds == 1 && c.items == 1:
		c.warnings = append(c.warnings, "one cell: its spread cannot be known")
	case c.seeds == 1:
		c.warnings = append(c.warnings, "one seed: the interval leaves out how seeds differ")
		c.df = c.items - 1
	case c.items == 1:
		c.warnings = append(c.warnings, "one item: the interval leaves out how items differ")
		c.df = c.seeds - 1
	default:
		c.df = min(c.seeds, c.items) - 1
	}
	if c.seeds > 1 && c.seeds < fewSeeds {
		c.warnings = append(c.warnings, tooFew(c.seeds, "seeds"))
	}
	if c.missing > 0 && len(c.cells) > 0 {
		c.warnings = append(c.warnings, fmt.Sprintf("%d cells are missing and taken as missing at random", c.missing))
	}
	c.settled = c.df == 0 || constant(c.cells)
}

// estimate is complete when the table is settled.
func (c *crossed) estimate(level float64) Estimate {
	e := Estimate{Value: math.NaN(), Interval: Interval{c.support.Low, c.support.High, level},
		Method: c.method(0), N: len(c.cells), Warnings: slices.Clone(c.warnings),
		Assumptions: []string{"seeds are independent draws, items are independent draws, every seed meets every item"}}
	if len(c.cells) == 0 {
		return e
	}
	if c.settled && c.df > 0 {
		// The cells of one seed, or of one item, may stand or fall together.
		side := c.smallerSide()
		u := unvaried(c.cells[0], c.df+1, side, c.support, level)
		u.Warnings = []string{fmt.Sprintf("all cells of %d seeds x %d items have the value %v: nothing to resample, the interval is by the %d %s alone",
			c.seeds, c.items, c.cells[0], c.df+1, side)}
		u.N, u.Warnings, u.Assumptions = e.N, append(e.Warnings, u.Warnings...), e.Assumptions
		return u
	}
	e.Value = mean(c.cells)
	return e
}

func (c *crossed) smallerSide() string {
	if c.seeds == c.df+1 {
		return "seeds"
	}
	return "items"
}

func (c *crossed) method(resamples int) string {
	m := fmt.Sprintf("crossed bootstrap over %d seeds x %d items, expanded percentile", c.seeds, c.items)
	if resamples > 0 {
		m += fmt.Sprintf(", %d resamples", resamples)
	}
	return m
}

// replicates are the sorted means of resampled tables. Cells are counted, not copied. Of
// a full table every resample has as many cells, and only those that are not 0 add.
func (c *crossed) replicates(src Source, resamples int) []float64 {
	seeds, items := make([]int, c.seeds), make([]int, c.items)
	reps := make([]float64, 0, resamples)
	full := c.missing == 0
	var counted []int // cells
	for k, v := range c.cells {
		if v != 0 || !full {
			counted = append(counted, k)
		}
	}
	for range resamples {
		drawCounts(src, seeds)
		drawCounts(src, items)
		total, n := 0.0, 0
		for _, k := range counted {
			if w := seeds[c.seed[k]] * items[c.item[k]]; w > 0 {
				total += float64(float64(w) * c.cells[k])
				n += w
			}
		}
		if full {
			n = c.seeds * c.items
		}
		if n > 0 { // a sparse table may lose every cell
			reps = append(reps, total/float64(n))
		}
	}
	slices.Sort(reps)
	return reps
}

// drawCounts fills how often each of n units is drawn in n draws.
func drawCounts(src Source, counts []int) {
	clear(counts)
	for range counts {
		counts[intn(src, len(counts))]++
	}
}
