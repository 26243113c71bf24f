package report

import (
	"fmt"
	"math"

	"theriac/analysis/estimate"
	"theriac/analysis/tables"
)

// designTable says, for each number of seeds that occurs, the smallest p and what a family needs.
func (r *renderer) designTable() string {
	t := tables.Table{Header: []string{"seeds", "smallest p, one-sided", "smallest p of the family (Holm)", "can the family be confirmed?"}, Right: []bool{true, true, true}}
	sizes := map[int]bool{}
	for _, c := range claims {
		sizes[len(r.experiment(c.experiment).Seeds(c.arm))] = true
	}
	needed := 1
	for float64(len(claims))*math.Exp2(-float64(needed)) > estimate.Alpha {
		needed++
	}
	for n := 1; n <= 10000; n++ {
		if !sizes[n] && n != needed {
			continue
		}
		p := math.Exp2(-float64(n))
		family := math.Min(1, float64(len(claims))*p)
		verdict := "no"
		if family <= estimate.Alpha {
			verdict = "yes"
		}
		seeds := fmt.Sprint(n)
		if !sizes[n] {
			seeds += " (the fewest that could)"
		}
		t.Add(seeds, plainP(p), plainP(family), verdict)
	}
	return t.Markdown()
}
