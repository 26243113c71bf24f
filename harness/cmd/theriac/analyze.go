package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"theriac/analysis/plots"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/rng"
)

type analyzeCmd struct {
	File     string `arg:"" help:"CSV (with a header) or Parquet." type:"existingfile" placeholder:"FILE"`
	Question string `help:"dose, rate, compare, stealth or detector." enum:"dose,rate,compare,stealth,detector" required:""`

	Dose      string `help:"dose: column of doses." placeholder:"COL"`
	Successes string `help:"dose, rate: column of successes." placeholder:"COL"`
	Trials    string `help:"dose, rate: column of trials." placeholder:"COL"`
	Group     string `help:"Column that names the seed or group of a row." placeholder:"COL"`
	Scale     string `help:"dose: linear or log." enum:"linear,log" default:"linear"`
	Link      string `help:"dose: logit or probit." enum:"logit,probit" default:"logit"`
	Floor     bool   `help:"dose: fit the rate at dose 0; else it is 0." name:"fit-floor"`
	Ceiling   bool   `help:"dose: fit the rate at endless dose; else it is 1." name:"fit-ceiling"`

	Value    string  `help:"compare, stealth: column of values, one a run." placeholder:"COL"`
	Arm      string  `help:"compare, stealth: column of arms." placeholder:"COL"`
	Baseline string  `help:"compare, stealth: the arm that others are compared with." placeholder:"NAME"`
	Margin   float64 `help:"stealth: largest loss that does not matter, in the values' unit." default:"0.02"`

	Score string  `help:"detector: column of scores, higher is worse." placeholder:"COL"`
	Label string  `help:"detector: column that is 1 for attacked runs and 0 for clean ones." placeholder:"COL"`
	FPR   float64 `help:"detector: false-positive rate at which the detection rate is given." default:"0.05"`

	figureFlags
}

func (c *analyzeCmd) Run(a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	rows, err := readTable(c.File)
	if err != nil {
		return err
	}
	switch c.Question {
	case "dose":
		return c.dose(a, rows)
	case "rate":
		return c.rate(a, rows)
	case "detector":
		return c.detector(a, rows)
	}
	return c.compare(a, rows)
}

func (c *analyzeCmd) dose(a *app, t *frame) error {
	dose, err := t.numbers("dose", c.Dose)
	if err != nil {
		return err
	}
	k, err := t.counts("successes", c.Successes)
	if err != nil {
		return err
	}
	n, err := t.counts("trials", c.Trials)
	if err != nil {
		return err
	}
	group, err := t.groups(c.Group)
	if err != nil {
		return err
	}
	rows := make([]stats.DoseRow, len(dose))
	for i := range rows {
		rows[i] = stats.DoseRow{Dose: dose[i], Successes: k[i], Trials: n[i], Group: group[i]}
	}
	opt := stats.DoseOptions{Scale: stats.Scale(c.Scale), Link: stats.Link(c.Link), FitFloor: c.Floor, FitCeiling: c.Ceiling}
	r, err := stats.Dose(rows, opt)
	if err != nil {
		return fmt.Errorf("%s: %w", t.file, err)
	}
	if err := c.write(func() (*plots.Figure, error) { return doseFigure(c.Dose, rows, &r) }); err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, r) // in the shape that other programs rely on
	}
	tab := tables.Table{Header: []string{"quantity", "estimate", "interval by", "low", "high"}, Right: []bool{false, true, false, true, true}}
	for _, e := range []struct {
		name string
		d    *stats.EffectiveDose
	}{{"ED50", &r.ED50}, {"ED90", &r.ED90}} {
		tab.Add(e.name, tables.Number(e.d.Estimate.Value, 3), "quote this one", tables.Number(e.d.Estimate.Interval.Low, 3), tables.Number(e.d.Estimate.Interval.High, 3))
		for _, f := range []struct {
			name string
			v    stats.Interval
		}{
			{"binomial", e.d.Delta.Binomial}, {"quasibinomial", e.d.Delta.Quasibinomial}, {"cluster", e.d.Delta.Cluster},
			{"profile-binomial", e.d.Profile.Binomial}, {"profile-quasibinomial", e.d.Profile.Quasibinomial}, {"profile-cluster", e.d.Profile.Cluster},
		} {
			mark := ""
			if f.name == e.d.Recommended {
				mark = " (recommended)"
			}
			tab.Add(e.name, tables.Number(e.d.Estimate.Value, 3), f.name+mark, tables.Number(f.v.Low, 3), tables.Number(f.v.High, 3))
		}
	}
	tab.Notes = append(tab.Notes, fmt.Sprintf("phi %s, %d rows, %d doses, %d groups", tables.Number(r.Phi, 3), r.Rows, r.Doses, r.Groups), lackOfFit(r.LackOfFit))
	tab.Notes = append(tab.Notes, r.Warnings...)
	fmt.Fprint(a.out, tab.Terminal())
	return nil
}

// lackOfFit says whether the curve passes through the doses' rates.
func lackOfFit(t stats.Test) string {
	if len(t.Warnings) > 0 {
		return "lack of fit: not testable: " + strings.Join(t.Warnings, "; ")
	}
	return fmt.Sprintf("lack of fit: F %s, p %s (%s)", tables.Number(t.Statistic, 2), tables.P(t), t.Method)
}

func printJSON(w io.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", data)
	return err
}

// source is the stream of a command's resampling.
func source(name string) stats.Source { return rng.Stream(0, "analyze", name) }

func (c *analyzeCmd) rate(a *app, t *frame) error {
	k, err := t.counts("successes", c.Successes)
	if err != nil {
		return err
	}
	n, err := t.counts("trials", c.Trials)
	if err != nil {
		return err
	}
	group, err := t.groups(c.Group)
	if err != nil {
		return err
	}
	hits, all := 0, 0
	by := map[string][2]int{}
	for i := range k {
		hits, all = hits+k[i], all+n[i]
		by[group[i]] = [2]int{by[group[i]][0] + k[i], by[group[i]][1] + n[i]}
	}
	pooled, err := stats.ClopperPearson(hits, all, 0.95)
	if err != nil {
		return fmt.Errorf("%s: %w", t.file, err)
	}
	var names []string
	for g, v := range by {
		if v[1] > 0 {
			names = append(names, g)
		}
	}
	slices.Sort(names)
	rates := make([]float64, len(names))
	for i, g := range names {
		rates[i] = float64(by[g][0]) / float64(by[g][1])
	}
	seeds, err := stats.BootstrapMean(source("rate"), rates, stats.Rates, 9999, 0.95)
	if err != nil {
		return fmt.Errorf("%s: %w", t.file, err)
	}
	if err := c.write(func() (*plots.Figure, error) {
		var arms []plots.Arm
		for _, g := range names {
			e, err := stats.ClopperPearson(by[g][0], by[g][1], 0.95)
			if err != nil {
				return nil, err
			}
			arms = append(arms, plots.Arm{Name: g, Estimate: e})
		}
		f, err := plots.Rates(plots.Words{Title: "Rate by group"}, "rate (%)", arms)
		if f != nil {
			f.Caption = fmt.Sprintf("Exact 95 %% intervals of each group's trials; %d groups, %d trials", len(names), all)
		}
		return f, err
	}); err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, map[string]any{"pooled": pooled, "by_group": seeds})
	}
	tab := tables.Table{Header: []string{"rate %", "95 % interval by"}, Right: []bool{true, false}}
	tab.Add(tables.Rate(pooled), fmt.Sprintf("Clopper-Pearson, %d trials as if independent", all))
	tab.Add(tables.Rate(seeds), fmt.Sprintf("bootstrap over %d groups (quote this one where groups are seeds)", len(names)))
	tab.Notes = append(tab.Notes, seeds.Warnings...)
	fmt.Fprint(a.out, tab.Terminal())
	return nil
}

// compare compares every arm with the baseline, paired by group where the rows name one.
func (c *analyzeCmd) compare(a *app, t *frame) error {
	value, err := t.numbers("value", c.Value)
	if err != nil {
		return err
	}
	arm, err := t.text("arm", c.Arm)
	if err != nil {
		return err
	}
	group, err := t.text("group", c.Group)
	if err != nil {
		return err
	}
	of := map[string]map[string]float64{}
	for i := range value {
		if of[arm[i]] == nil {
			of[arm[i]] = map[string]float64{}
		}
		if _, twice := of[arm[i]][group[i]]; twice {
			return fmt.Errorf("%s: arm %s has the group %s twice; want one value a run", t.place(i), arm[i], group[i])
		}
		of[arm[i]][group[i]] = value[i]
	}
	base, ok := of[c.Baseline]
	if !ok {
		return fmt.Errorf("%s: no arm %q for --baseline", t.file, c.Baseline)
	}
	var arms []string
	for name := range of {
		if name != c.Baseline {
			arms = append(arms, name)
		}
	}
	if len(arms) == 0 {
		return fmt.Errorf("%s: no arm beside the baseline %s; want at least one that is compared with it", t.file, c.Baseline)
	}
	slices.Sort(arms)
	tab := tables.Table{Header: []string{"arm", "pairs", "difference [95 %]", "p, two-sided", "smallest p"}, Right: []bool{false, true, true, true, true}}
	if c.Question == "stealth" {
		tab.Header = []string{"arm", "pairs", "difference [90 %]", "p, non-inferior", "holds"}
	}
	out := map[string]any{}
	var drawn []plots.Arm
	for _, name := range arms {
		var groups []string
		for g := range of[name] {
			if _, both := base[g]; both {
				groups = append(groups, g)
			}
		}
		slices.Sort(groups)
		var d []float64
		for _, g := range groups {
			d = append(d, of[name][g]-base[g])
		}
		if c.Question == "stealth" {
			m, err := stats.MarginSignFlip(stats.NonInferior, source(name), d, c.Margin, 0.05, 9999)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", t.file, name, err)
			}
			out[name] = m
			drawn = append(drawn, plots.Arm{Name: name, Estimate: m.Difference})
			tab.Add(name, fmt.Sprint(len(d)), tables.Value(m.Difference, 4), tables.P(m.Test), fmt.Sprint(m.Holds))
			continue
		}
		test, err := stats.SignFlip(source(name), d, stats.TwoSided, 9999)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", t.file, name, err)
		}
		mean, err := stats.BootstrapMean(source(name+" mean"), d, stats.Unbounded, 9999, 0.95)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", t.file, name, err)
		}
		out[name] = map[string]any{"difference": mean, "test": test}
		drawn = append(drawn, plots.Arm{Name: name, Estimate: mean})
		tab.Add(name, fmt.Sprint(len(d)), tables.Value(mean, 4), tables.P(test), tables.Number(test.SmallestP, 5))
		for _, w := range mean.Warnings {
			tab.Notes = append(tab.Notes, name+": "+w)
		}
	}
	margin := 0.0
	if c.Question == "stealth" {
		margin = c.Margin
	}
	fractions := !slices.ContainsFunc(value, func(v float64) bool { return v < 0 || v > 1 })
	if err := c.write(func() (*plots.Figure, error) { return armsFigure(c.Baseline, c.Value, margin, fractions, drawn) }); err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, out)
	}
	fmt.Fprint(a.out, tab.Terminal())
	return nil
}

func (c *analyzeCmd) detector(a *app, t *frame) error {
	score, err := t.numbers("score", c.Score)
	if err != nil {
		return err
	}
	label, err := t.numbers("label", c.Label)
	if err != nil {
		return err
	}
	var clean, attacked []float64
	for i := range score {
		switch label[i] {
		case 0:
			clean = append(clean, score[i])
		case 1:
			attacked = append(attacked, score[i])
		default:
			return fmt.Errorf("%s: %s is %v; want 0 (clean) or 1 (attacked)", t.place(i), c.Label, label[i])
		}
	}
	auc, err := stats.AUROC(clean, attacked, 0.95)
	if err != nil {
		return fmt.Errorf("%s: %w", t.file, err)
	}
	// Half of the clean runs set the threshold, the other half are judged: which is drawn, and does not depend on the rows' order.
	slices.Sort(clean)
	rng.Stream(0, "analyze", "detector").Shuffle(len(clean), func(i, j int) { clean[i], clean[j] = clean[j], clean[i] })
	half := len(clean) / 2
	tpr, err := stats.TPRAt(c.FPR, clean[:half], clean[half:], attacked, 0.95)
	if err != nil {
		return fmt.Errorf("%s: %w", t.file, err)
	}
	if err := c.write(func() (*plots.Figure, error) {
		roc, err := stats.ROC(clean, attacked, 0.95)
		if err != nil {
			return nil, err
		}
		return plots.ROC("Detector "+c.Score, []plots.Detector{{Name: c.Score, Curve: roc}})
	}); err != nil {
		return err
	}
	if a.JSON {
		return printJSON(a.out, map[string]any{"auroc": auc.Estimate, "detection": tpr})
	}
	fmt.Fprintf(a.out, "AUROC %s (%d clean, %d attacked runs)\n", tables.Value(auc.Estimate, 3), len(clean), len(attacked))
	if !tpr.Estimable {
		fmt.Fprintf(a.out, "detection at %g false positives: not estimable; it needs %d calibration and %d evaluation clean runs\n", c.FPR, tpr.NeedsCalibration, tpr.NeedsEvaluation)
		return nil
	}
	fmt.Fprintf(a.out, "threshold %s: detects %s %% of attacked runs, flags %s %% of the other clean runs\n", tables.Number(tpr.Threshold, 4), tables.Rate(tpr.TPR), tables.Rate(tpr.FPR))
	return nil
}
