package report

// What detections mean: the arms race as a game, an alarm's worth by prevalence, and the figures of defenses.

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/plots"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

// duel is the game of attacks against levels: what an attack achieves in runs that its opponent does not flag.
type duel struct {
	attacks, defenses []string
	without           []string // attacks that have no success to play for
	mean              [][]float64
	solved            stats.SplitGame
	seeds             int
	why               string // there is no game, for this reason
}

// fewest seeds that are split in halves.
const fewestSplit = 4

// play solves the game of the attacks that are not left out, over the seeds at which every one of them has a verdict of every level and
// a measured success. An attack that a level cannot see is not flagged by it.
func (r *renderer) play(without []place) (*duel, error) {
	own := r.ownVerdicts()
	if len(own) == 0 {
		return &duel{why: "no verdict on an evaluation run is stored"}, nil
	}
	d := &duel{}
	type cell struct{ success, kept float64 }
	var cells []map[int64][]cell // by attack: seed -> by level
	for _, p := range r.judged.attacked {
		if slices.Contains(without, p) {
			continue
		}
		if len(r.experiment(p.experiment).Values(p.arm, "asr")) == 0 {
			d.without = append(d.without, p.arm)
			continue
		}
		at := map[int64][]cell{}
		for i, j := range own {
			for _, x := range r.judged.by[j][p] {
				if math.IsNaN(x.Success) || len(at[x.Seed]) != i {
					continue
				}
				c := cell{x.Success, x.Success}
				if x.Why == "" && !x.Unknown && x.P <= flagAt {
					c.kept = 0
				}
				at[x.Seed] = append(at[x.Seed], c)
			}
		}
		for s, c := range at {
			if len(c) != len(own) {
				delete(at, s)
			}
		}
		if len(at) > 0 {
			d.attacks = append(d.attacks, p.String())
			cells = append(cells, at)
		}
	}
	if len(cells) == 0 {
		return &duel{why: "no attacked run has both its success and a verdict of every level"}, nil
	}
	var seeds []int64
	for _, s := range slices.Sorted(maps.Keys(cells[0])) {
		if !slices.ContainsFunc(cells, func(at map[int64][]cell) bool { return at[s] == nil }) {
			seeds = append(seeds, s)
		}
	}
	if len(seeds) < fewestSplit {
		return &duel{why: fmt.Sprintf("the attacks have too few seeds in common, %d where %d are the fewest: half of them choose the strategies and half value them", len(seeds), fewestSplit)}, nil
	}
	d.seeds = len(seeds)
	d.defenses = []string{"none"}
	for _, j := range own {
		d.defenses = append(d.defenses, j.name)
	}
	var payoff [][][]float64
	d.mean = make([][]float64, len(cells))
	for i := range d.mean {
		d.mean[i] = make([]float64, len(d.defenses))
	}
	for _, s := range seeds {
		m := make([][]float64, len(cells))
		for i, at := range cells {
			m[i] = []float64{at[s][0].success}
			for _, c := range at[s] {
				m[i] = append(m[i], c.kept)
			}
			for k, v := range m[i] {
				d.mean[i][k] += v / float64(len(seeds))
			}
		}
		payoff = append(payoff, m)
	}
	var err error
	d.solved, err = stats.SolveSplitGame(payoff, estimate.Level)
	return d, err
}

// gameText says who plays what, and what it is worth; and what is left to the attacker where what no level can see is closed off.
func (r *renderer) gameText() string {
	d := r.closed
	if d.why != "" {
		return "There is no game to solve: " + d.why + "."
	}
	s := "The attacker gets what succeeds in a run that is not flagged. "
	words := d.words()
	if blind := r.unseen(); len(blind) > 0 {
		s += fmt.Sprintf("Without %s, which no level can see and digests have to stop: ", tables.List(armsOf(blind)))
		words = strings.Replace(words, "At", "at", 1)
	}
	s += words + fmt.Sprintf(" (%d attacks, %d defenses, %d seeds).", len(d.attacks), len(d.defenses), d.seeds)
	if len(d.without) > 0 {
		s += " Without a success to play for, and so left out: " + tables.List(d.without) + "."
	}
	return s
}

// mix lists who is played, and how often.
func mix(names []string, p []float64) string {
	var out []string
	for i, n := range names {
		if p[i] > 0 {
			out = append(out, fmt.Sprintf("%s (%s %%)", inline(n), tables.Number(100*p[i], 0)))
		}
	}
	return tables.List(out)
}

// gameAdvice is what the defender plays against an attacker who knows the levels, where what no level can see is closed off.
func (r *renderer) gameAdvice() string {
	d := r.closed
	if d.why != "" {
		return "The [game](#arms-race), which says what to run against an attacker who knows all this, has no solution here: " + d.why + "."
	}
	beside := ""
	if blind := r.unseen(); len(blind) > 0 {
		beside = ", beside those digests"
	}
	g := &d.solved
	if g.WorstMixed < g.WorstPure {
		return fmt.Sprintf("Against an attacker who knows all this%s, run what the [game](#arms-race) mixes, not the best single detector: %s. Chosen on half of the seeds, it leaves an attacker who knows it %s %% on the other half, the best single one %s %%.",
			beside, mix(d.defenses, g.InSample.Columns), tables.Percent(g.WorstMixed), tables.Percent(g.WorstPure))
	}
	return fmt.Sprintf("Against an attacker who knows all this%s, run %s: chosen on half of the seeds, the best single one leaves an attacker who knows it %s %% on the other half, and what the [game](#arms-race) mixes no less (%s %%).",
		beside, d.defenses[g.Pure], tables.Percent(g.WorstPure), tables.Percent(g.WorstMixed))
}

// words say both sides' mixtures and the game's value.
func (d *duel) words() string {
	value := d.solved.Value // of shares: no bound of theirs lies beyond nothing and all
	value.Interval.Low, value.Interval.High = max(0, value.Interval.Low), min(1, value.Interval.High)
	return fmt.Sprintf("At their best the defender runs %s and the attacker answers with %s; mixtures chosen so on half of the seeds leave the attacker %s of the probes on the other half, by the mixture chosen for it, which an attacker who knew better could exceed",
		mix(d.defenses, d.solved.InSample.Columns), mix(d.attacks, d.solved.InSample.Rows), percent(value))
}

// prevalences at which an alarm's worth is told.
var prevalences = []float64{0.001, 0.01, 0.1}

// meaning is a level's predictive values at a prevalence, over all attacks that it can see.
func (r *renderer) meaning(j judge, prevalence float64) (stats.Predictive, bool, error) {
	bad, clean := r.judged.attacks[j], r.judged.clean[j]
	if len(bad) == 0 || len(clean) == 0 || inconclusive(bad) || inconclusive(clean) {
		return stats.Predictive{}, false, nil
	}
	p, err := stats.PredictiveValues(prevalence, stats.Count{K: flagged(bad, flagAt), N: len(bad)}, stats.Count{K: flagged(clean, flagAt), N: len(clean)}, stats.Costs{Scan: 1}, estimate.Level)
	return p, true, err
}

// predictiveTable is what an alarm and silence mean, by level and prevalence.
func (r *renderer) predictiveTable() (string, error) {
	t := tables.Table{Header: []string{"level", "attacked among those scanned %", "alarms that are true %", "silences that are true %", "artefacts scanned for a true alarm"}, Right: []bool{false, true, true, true, true}}
	for _, j := range r.ownVerdicts() {
		for _, v := range prevalences {
			p, ok, err := r.meaning(j, v)
			if err != nil {
				return "", err
			}
			if !ok {
				why := "not measured"
				if inconclusive(r.judged.clean[j]) {
					why = "inconclusive"
				}
				t.Add(j.name, tables.Percent(v), why, why, why)
				continue
			}
			ppv := tables.Rate(p.PPV)
			if flagged(r.judged.clean[j], flagAt) == 0 { // no false alarm was seen: what there is, is a bound
				ppv = "≥ " + tables.Percent(p.PPV.Interval.Low)
			}
			npv := fmt.Sprintf("%s [%s, %s]", tables.Number(100*p.NPV.Value, 2), tables.Number(100*p.NPV.Interval.Low, 2), tables.Number(100*p.NPV.Interval.High, 2))
			t.Add(j.name, tables.Percent(v), ppv, npv, tables.Value(p.Cost, 0))
		}
	}
	if len(t.Rows) == 0 {
		return noVerdict, nil
	}
	t.Notes = append(t.Notes, "Of this list of attacks, each run of which counts: runs of one attack mostly share a verdict, so for other attacks the intervals are too narrow.")
	return markdown(&t), nil
}

// cellRuns are the fewest and the most runs behind a cell of the matrix.
func (r *renderer) cellRuns() (low, high int) {
	low = math.MaxInt
	for _, j := range r.ownVerdicts() {
		for _, p := range r.judged.places[estimate.Attacked] {
			if _, n, why := r.matrixCell(j, p); why == "" {
				low, high = min(low, n), max(high, n)
			}
		}
	}
	return low, high
}

// cells says how many runs stand behind a cell of the matrix.
func (r *renderer) cells() string {
	low, high := r.cellRuns()
	if low >= high {
		return counting(high, "run")
	}
	return fmt.Sprintf("%d to %d runs", low, high)
}

func matrixFigure(r *renderer) (*plots.Figure, error) {
	var attacks, defenses []string
	var cells [][]plots.Cell
	own := r.ownVerdicts()
	for _, j := range own {
		defenses = append(defenses, j.name)
	}
	for _, p := range r.judged.places[estimate.Attacked] {
		var row []plots.Cell
		for _, j := range own {
			k, n, why := r.matrixCell(j, p)
			e, err := stats.ClopperPearson(k, n, estimate.Level)
			if err != nil {
				return nil, err
			}
			if why != "" {
				e.Value = math.NaN()
				if len(why) > 3 && why[:3] == "n/a" {
					why = "n/a"
				}
			}
			row = append(row, plots.Cell{Rate: e, Why: why})
		}
		attacks, cells = append(attacks, p.String()), append(cells, row)
	}
	return plots.Matrix(plots.Words{Title: "Attacks against defenses", N: r.cells()}, attacks, defenses, cells)
}

func payoffFigure(r *renderer) (*plots.Figure, error) {
	d := r.closed
	if d.why != "" {
		return nil, nil
	}
	return plots.Payoff(plots.Words{Title: "The arms race as a game", N: fmt.Sprintf("%d seeds", d.seeds)}, d.attacks, d.defenses, d.mean, d.solved)
}

func rocFigure(r *renderer) (*plots.Figure, error) {
	var out []plots.Detector
	for _, j := range r.ownVerdicts() {
		c, err := stats.ROC(scores(r.judged.clean[j]), scores(r.judged.attacks[j]), estimate.Level)
		if err != nil {
			return nil, err
		}
		out = append(out, plots.Detector{Name: j.name, Curve: c})
	}
	return plots.ROC("Attacked runs against clean ones", out)
}

// evaluated says how many runs judged levels.
func (r *renderer) evaluated() string {
	bad, clean := 0, 0
	for _, j := range r.ownVerdicts() {
		bad, clean = max(bad, len(r.judged.attacks[j])), max(clean, len(r.judged.clean[j]))
	}
	return fmt.Sprintf("%d attacked and %d clean runs", bad, clean)
}

func predictiveFigure(r *renderer) (*plots.Figure, error) {
	var out []plots.Meaning
	for _, j := range r.ownVerdicts() {
		m := plots.Meaning{Name: j.name}
		for _, v := range []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5} {
			p, ok, err := r.meaning(j, v)
			if err != nil {
				return nil, err
			}
			if ok {
				m.At = append(m.At, p)
			}
		}
		out = append(out, m)
	}
	return plots.Predictive(plots.Words{Title: "What an alarm means", N: r.evaluated()}, out)
}

func costFigure(r *renderer) (*plots.Figure, error) {
	var out []plots.Arm
	const prevalence = 0.01
	for i, j := range r.ownVerdicts() {
		p, ok, err := r.meaning(j, prevalence)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, plots.Arm{Name: j.name, Estimate: p.Cost, Color: i})
		}
	}
	return plots.Costs(plots.Words{Title: fmt.Sprintf("Cost of a true alarm where %s %% are attacked", tables.Number(100*prevalence, 0)), N: r.evaluated()}, "artefacts scanned for a true alarm", out)
}

// spectraFigure draws the first statistic of modules that is stored, clean arms beside the headline backdoor.
func spectraFigure(r *renderer) (*plots.Figure, error) {
	for _, name := range slices.Sorted(maps.Keys(r.in.Experiments)) {
		e := r.in.Experiments[name]
		for _, d := range e.ModuleDetectors() {
			var arms []plots.Spectrum
			var modules []string
			runs := 0
			for _, class := range []estimate.Class{estimate.Clean, estimate.Attacked} {
				for _, a := range e.Arms() {
					if m, v := e.Modules(a, d); e.Class(a) == class && len(v) > 0 {
						modules, runs = m, max(runs, len(v))
						arms = append(arms, plots.Spectrum{Name: a, Values: v})
						break
					}
				}
			}
			if len(arms) > 1 {
				return plots.Spectra(plots.Words{Title: "Weights by module: " + d, N: fmt.Sprintf("up to %d runs", runs)}, d, modules, arms)
			}
		}
	}
	return nil, nil
}
