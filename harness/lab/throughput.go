package lab

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"strings"

	"theriac/analysis/tables"
)

// measured is what `make bench-peft` wrote on the machine it names.
//
//go:embed measured.csv
var measured string

// Work shows where the arithmetic of training goes for so many runs of an arm that share a seed's rows, beside what it would be where batches are
// padded, the head sees every token and every epoch of every run passes through the frozen layers again. Nothing is trained.
func (l *Lab) Work(a Arm, seed, runs int) Table {
	if runs < 1 {
		stop("work: %d runs; want at least one", runs)
	}
	s := l.spec(&a)
	s.Seed = uint64(seed)
	w, err := l.open().Work(l.ctx, &s, runs)
	if err != nil {
		stop("%s at seed %d: %v", a.Name, seed, err)
	}
	t := Table{Header: []string{fmt.Sprintf("training, %d runs of %d epochs", runs, s.Train.Epochs), "usual", "theriac", "ratio"}, Right: []bool{false, true, true, true}}
	add := func(what string, usual, here float64, unit string) {
		ratio := "–"
		if here > 0 {
			ratio = tables.Number(usual/here, 2)
		}
		t.Add(what, count(usual)+unit, count(here)+unit, ratio)
	}
	add("tokens an epoch", float64(w.Padded), float64(w.Tokens), "")
	add("tokens through the head", float64(w.Padded), float64(w.Responses), "")
	add("frozen layers", w.Usual.Frozen, w.Here.Frozen, "FLOP")
	add("trained layers", w.Usual.Trained, w.Here.Trained, "FLOP")
	add("head", w.Usual.Head, w.Here.Head, "FLOP")
	add("all", w.Usual.Sum(), w.Here.Sum(), "FLOP")
	t.Notes = append(t.Notes, "products of matrices only; the tokens are exact, the ratio is what equal kernels would give")
	return t
}

// Measured shows tokens a second beside Transformers and PEFT, as they were measured when this was built: numbers of one machine, in one run.
func (l *Lab) Measured() Table {
	rows, err := csv.NewReader(strings.NewReader(measured)).ReadAll()
	if err != nil || len(rows) < 2 {
		stop("measured.csv: %d rows, %v", len(rows), err)
	}
	t := Table{Header: rows[0], Rows: rows[1:]}
	for i := range rows[0] {
		t.Right = append(t.Right, i > 0)
	}
	return t
}
