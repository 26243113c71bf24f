package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/rng"
	"theriac/harness/store"
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
}

func (c *analyzeCmd) Run(a *app) error {
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

// frame is a table read from a file.
type frame struct {
	file   string
	column map[string]int
	header []string
	rows   [][]string
	first  int // line of the first row, for errors
}

func readTable(path string) (*frame, error) {
	if strings.HasSuffix(path, ".parquet") {
		return readParquet(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(all) < 2 {
		return nil, fmt.Errorf("%s: want a header and at least one row", path)
	}
	t := &frame{file: path, header: all[0], rows: all[1:], first: 2}
	return t, t.index()
}

func readParquet(path string) (*frame, error) {
	r, err := store.OpenRows(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	t := &frame{file: path, first: 1}
	for {
		names, values, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		t.header = slices.Clone(names)
		row := make([]string, len(values))
		for i, v := range values {
			if v != nil {
				row[i] = fmt.Sprint(v)
			}
		}
		t.rows = append(t.rows, row)
	}
	if len(t.rows) == 0 {
		return nil, fmt.Errorf("%s: no rows", path)
	}
	return t, t.index()
}

func (t *frame) index() error {
	t.column = map[string]int{}
	for i, h := range t.header {
		t.column[strings.TrimSpace(h)] = i
	}
	return nil
}

// text gives a column; flag is the option that names it.
func (t *frame) text(flag, name string) ([]string, error) {
	if name == "" {
		return nil, fmt.Errorf("this question needs --%s COL", flag)
	}
	i, ok := t.column[name]
	if !ok {
		return nil, fmt.Errorf("%s: no column %q; there are %s", t.file, name, strings.Join(t.header, ", "))
	}
	out := make([]string, len(t.rows))
	for j, r := range t.rows {
		out[j] = strings.TrimSpace(r[i])
	}
	return out, nil
}

func (t *frame) numbers(flag, name string) ([]float64, error) {
	s, err := t.text(flag, name)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(s))
	for i := range s {
		v, err := strconv.ParseFloat(s[i], 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%s:%d: %s is %q; want a number", t.file, t.first+i, name, s[i])
		}
		out[i] = v
	}
	return out, nil
}

func (t *frame) counts(flag, name string) ([]int, error) {
	v, err := t.numbers(flag, name)
	if err != nil {
		return nil, err
	}
	out := make([]int, len(v))
	for i := range v {
		if v[i] != math.Trunc(v[i]) || v[i] < 0 || v[i] > 1e15 {
			return nil, fmt.Errorf("%s:%d: %s is %v; want a count", t.file, t.first+i, name, v[i])
		}
		out[i] = int(v[i])
	}
	return out, nil
}

// groups is the column of groups, or every row a group of its own.
func (t *frame) groups(name string) ([]string, error) {
	if name == "" {
		out := make([]string, len(t.rows))
		for i := range out {
			out[i] = fmt.Sprint(i)
		}
		return out, nil
	}
	return t.text("group", name)
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
	tab.Notes = append(tab.Notes, fmt.Sprintf("phi %s, %d rows, %d doses, %d groups", tables.Number(r.Phi, 3), r.Rows, r.Doses, r.Groups))
	tab.Notes = append(tab.Notes, r.Warnings...)
	fmt.Fprint(a.out, tab.Terminal())
	return nil
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
	seeds, err := stats.BootstrapMean(source("rate"), rates, nil, stats.Rates, 9999, 0.95)
	if err != nil {
		return fmt.Errorf("%s: %w", t.file, err)
	}
	if a.JSON {
		return printJSON(a.out, map[string]any{"pooled": pooled, "by_group": seeds})
	}
	tab := tables.Table{Header: []string{"rate %", "95 % interval by"}, Right: []bool{true, false}}
	tab.Add(tables.Rate(pooled), fmt.Sprintf("Clopper-Pearson, %d trials as if independent", all))
	tab.Add(tables.Rate(seeds), fmt.Sprintf("bootstrap over %d groups (quote this one where groups are seeds)", len(names)))
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
			return fmt.Errorf("%s:%d: arm %s has the group %s twice; want one value a run", t.file, t.first+i, arm[i], group[i])
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
	slices.Sort(arms)
	tab := tables.Table{Header: []string{"arm", "pairs", "difference [95 %]", "p, two-sided", "smallest p"}, Right: []bool{false, true, true, true, true}}
	if c.Question == "stealth" {
		tab.Header = []string{"arm", "pairs", "difference [90 %]", "p, non-inferior", "holds"}
	}
	out := map[string]any{}
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
			tab.Add(name, fmt.Sprint(len(d)), tables.Value(m.Difference, 4), tables.P(m.Test), fmt.Sprint(m.Holds))
			continue
		}
		test, err := stats.SignFlip(source(name), d, stats.TwoSided, 9999)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", t.file, name, err)
		}
		mean, err := stats.BootstrapMean(source(name+" mean"), d, nil, stats.Unbounded, 9999, 0.95)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", t.file, name, err)
		}
		out[name] = map[string]any{"difference": mean, "test": test}
		tab.Add(name, fmt.Sprint(len(d)), tables.Value(mean, 4), tables.P(test), tables.Number(test.SmallestP, 5))
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
			return fmt.Errorf("%s:%d: %s is %v; want 0 (clean) or 1 (attacked)", t.file, t.first+i, c.Label, label[i])
		}
	}
	auc, err := stats.AUROC(clean, attacked, 0.95)
	if err != nil {
		return fmt.Errorf("%s: %w", t.file, err)
	}
	// Half of the clean runs set the threshold, the other half are judged.
	half := len(clean) / 2
	tpr, err := stats.TPRAt(c.FPR, clean[:half], clean[half:], attacked, 0.95)
	if err != nil {
		return fmt.Errorf("%s: %w", t.file, err)
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
