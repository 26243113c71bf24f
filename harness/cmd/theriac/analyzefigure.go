package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"theriac/analysis/plots"
	"theriac/analysis/stats"
)

// figureFlags ask for a figure of the answer.
type figureFlags struct {
	Figure string  `help:"Draw the answer into this file: .svg, .png or .pdf." placeholder:"FILE"`
	Width  float64 `help:"The figure's width in inches; its text keeps its share." default:"6.5" placeholder:"INCHES"`
}

const widest = 100 // inches

// check refuses a figure that could not be written, before anything is computed.
func (f *figureFlags) check() error {
	if f.Figure == "" {
		return nil
	}
	switch strings.ToLower(filepath.Ext(f.Figure)) {
	case ".svg", ".png", ".pdf":
	default:
		return fmt.Errorf("--figure %s: want a name that ends with .svg, .png or .pdf", f.Figure)
	}
	if !(f.Width >= 1 && f.Width <= widest) {
		return fmt.Errorf("--width %v: want inches from 1 to %d", f.Width, widest)
	}
	return nil
}

// write draws what draw gives, if a figure was asked for.
func (f *figureFlags) write(draw func() (*plots.Figure, error)) error {
	if f.Figure == "" {
		return nil
	}
	fig, err := draw()
	if err != nil {
		return err
	}
	if fig == nil {
		return fmt.Errorf("--figure %s: the data hold nothing to draw", f.Figure)
	}
	fig.Resize(f.Width)
	render := fig.SVG
	switch strings.ToLower(filepath.Ext(f.Figure)) {
	case ".png":
		render = fig.PNG
	case ".pdf":
		render = fig.PDF
	}
	data, err := render()
	if err != nil {
		return err
	}
	return renameio.WriteFile(f.Figure, data, 0o644)
}

// doseFigure draws pooled rates by dose under the fitted curve.
func doseFigure(column string, rows []stats.DoseRow, r *stats.DoseResponse) (*plots.Figure, error) {
	var points []plots.Dosed
	at := map[float64]int{}
	var k, n []int
	for _, row := range rows {
		i, ok := at[row.Dose]
		if !ok {
			i = len(points)
			at[row.Dose] = i
			points, k, n = append(points, plots.Dosed{Dose: row.Dose}), append(k, 0), append(n, 0)
		}
		k[i], n[i] = k[i]+row.Successes, n[i]+row.Trials
	}
	for i := range points {
		e, err := stats.ClopperPearson(k[i], n[i], 0.95)
		if err != nil {
			return nil, err
		}
		points[i].Estimate = e
	}
	f, err := plots.Dose(plots.Words{Title: "Rate by " + column}, "rate (%)", column, points, r)
	if f != nil {
		f.Caption = fmt.Sprintf("Rates over pooled trials with exact 95 %% intervals; curve fitted to %d rows of %d groups", r.Rows, r.Groups)
	}
	return f, err
}

// armsFigure draws differences of a column from the baseline: of fractions in percentage points. A margin of 0 is none.
func armsFigure(baseline, column string, margin float64, fractions bool, arms []plots.Arm) (*plots.Figure, error) {
	most, unit := 0, ""
	for _, a := range arms {
		most = max(most, a.Estimate.N)
	}
	if !fractions {
		unit = column
	}
	return plots.Differences(plots.Words{Title: "Less " + baseline + ", paired", N: fmt.Sprintf("up to %d pairs", most)}, unit, margin, arms)
}
