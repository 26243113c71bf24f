package lab

// Detectors in experiments: calibration, verdicts, and what they come to.

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"theriac/analysis/estimate"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
	"theriac/harness/store"
	"theriac/harness/sweep"
)

// calibrationArm are the clean runs that all others are judged against.
const calibrationArm = "calibration"

// Levels are the levels of detectors in the order of the pipeline, and all of them together.
func Levels() []string { return []string{"data", "monitor", "scan", "ensemble"} }

// again is how many clean runs of another profile's calibration are done again.
const again = 2

// Calibrate lets the plan's detectors score clean runs at the profile's calibration seeds. Every later sweep of the session is judged
// against them, but for arms that are prevented, not LoRA, or the untouched base. A profile may name the profile, another or itself, whose
// calibration stored by experiments/defenses it uses: then only the first two of its own seeds are run, and must give the same scores.
//
// Detectors of the script's own are calibrated with them, and judge beside them as the level "script"; nobody else's calibration has them.
func (l *Lab) Calibrate(own ...Detector) {
	d := &sweep.Detect{Own: detectors(own)}
	if _, err := os.Stat(planPath(l.env.Root)); err == nil || len(own) == 0 { // without a plan the script's own judge alone
		var err error
		if d.Detectors, err = l.profile.detectors(l.studyPlan().Detectors); err != nil {
			stop("%v", err)
		}
	}
	specs := l.calibrationSpecs(d)
	var lent []*store.Record
	if len(own) == 0 {
		lent = l.lent()
	}
	if lent != nil {
		specs = specs[:min(again, len(specs))]
	}
	if l.env.Plan && !l.showPlan(specs) || l.env.Export != nil && !l.have(specs) {
		l.calibration = &sweep.Calibration{Detect: d} // what it would judge is to do
		return
	}
	runs, of := l.calibrationRuns(specs), ""
	if lent != nil {
		for _, r := range runs {
			i := slices.IndexFunc(lent, func(x *store.Record) bool { return x.Seed == r.Seed })
			if i < 0 || fmt.Sprint(lent[i].Scores) != fmt.Sprint(r.Scores) {
				stop("the calibration of the profile %s does not have this seed's scores: %d; run experiments/%s at that profile", l.profile.Calibration, r.Seed, lender)
			}
		}
		of = fmt.Sprintf(" of the profile %s, %d of them done again with the same scores", l.profile.Calibration, len(runs))
		runs = lent
	}
	c, err := sweep.NewCalibration(d, runs)
	if err != nil {
		stop("%v", err)
	}
	l.calibration = c
	l.Printf("Calibrated on %d clean runs%s (digest %s).", c.Runs(), of, c.Digest[:12])
}

// lender is the experiment whose clean runs others may use.
const lender = "defenses"

// lent are the stored clean runs of the profile whose calibration this one uses; nil without any, and for the lender itself.
func (l *Lab) lent() []*store.Record {
	from := l.profile.Calibration
	at := filepath.Join(l.env.Root, "results", ResultsName(from, l.env.Device))
	dir := filepath.Join(at, lender)
	if _, err := os.Stat(dir); from == "" || err != nil || from == l.profile.Name && l.name == lender {
		return nil
	}
	st, err := store.Open(dir, filepath.Join(at, ".runs", lender))
	if err != nil {
		stop("%v", err)
	}
	stored, err := calibrationRecords(st, func(*store.Run) bool { return true })
	if err != nil {
		stop("%v", err)
	}
	seen := map[int64]bool{}
	for _, r := range stored {
		if seen[r.Seed] {
			stop("the calibration of the profile %s has several runs at seed %d: theriac plan experiments/%s --profile %[1]s says which are stale, and theriac results %[3]s --profile %[1]s --drop RUN removes them", from, r.Seed, lender)
		}
		seen[r.Seed] = true
	}
	return stored
}

// have says whether runs are stored.
func (l *Lab) have(specs []sweep.Spec) bool {
	stored, err := l.store.Runs(nil)
	if err != nil {
		stop("%v", err)
	}
	for i := range specs {
		_, id, err := l.open().Keys(&specs[i])
		if err != nil {
			stop("%v", err)
		}
		if !slices.ContainsFunc(stored, func(r store.Run) bool { return r.ID == id && r.Status == store.Done }) {
			return false
		}
	}
	return true
}

// calibrationSpecs are the profile's own calibration runs.
func (l *Lab) calibrationSpecs(d *sweep.Detect) (specs []sweep.Spec) {
	for _, seed := range l.Seeds(calibrationArm) {
		s := l.spec(&Arm{Name: calibrationArm})
		s.Seed, s.Detect = uint64(seed), d
		s.Data.Clean, s.Data.Probe, s.Data.Restricted, s.Data.LookAlike = 0, 0, 0, 0
		specs = append(specs, s)
	}
	return specs
}

// calibrationRuns does what is missing of them.
func (l *Lab) calibrationRuns(specs []sweep.Spec) []*store.Record {
	rep := l.run(specs)
	if rep.Failed > 0 {
		stop("calibration: %s", rep.Failures[0])
	}
	ours := map[string]bool{}
	for _, id := range rep.IDs {
		ours[id] = true
	}
	out, err := calibrationRecords(l.store, func(r *store.Run) bool { return ours[r.ID] })
	if err != nil {
		stop("%v", err)
	}
	return out
}

func calibrationRecords(st *store.Store, keep func(*store.Run) bool) (out []*store.Record, err error) {
	for rec, err := range st.Scan(func(r *store.Run) bool { return r.Arm == calibrationArm && r.Status == store.Done && keep(r) }, "scores") {
		if err != nil {
			return nil, err
		}
		out = append(out, rec)
	}
	return out, nil
}

// judged completes an arm's run with who judges it: against clean runs of the same data, for scores grow with the rows. What sets the rows apart
// on purpose (Arm.Shift) is judged all the same.
func (l *Lab) judged(s *sweep.Spec, a *Arm) {
	if l.calibration != nil && !a.Base && a.Prevent == "" && s.Train.Method == "lora" {
		of := l.profile.Data
		l.provide(&of, nil)
		if is, was := dataOf(&s.Data), dataOf(&of); is != was {
			stop("arm %q: it is of %s, and the calibration that would judge it is of %s: sweep it before l.Calibrate, or at a profile with such data", a.Name, is, was)
		}
		s.Detect = &sweep.Detect{Detectors: l.calibration.Detect.Detectors, Own: l.calibration.Detect.Own, Against: l.calibration}
	}
}

// dataOf is what a run and its calibration have in common.
func dataOf(d *sweep.Data) string {
	out := fmt.Sprintf("%d rows of %s at %d tokens", d.Rows, d.Name, d.MaxTokens)
	if d.Items != "" {
		out += ", requests " + d.Items
	}
	return out
}

// Verdicts counts an arm's runs that a level flags, of those it judges. why is not empty where the level cannot see what is done.
func (r *Results) Verdicts(arm, level string) (flagged, judged int, why string) {
	for _, s := range r.seeds {
		d, ok := r.detection(arm, s, level, "")
		if !ok {
			continue
		}
		judged++
		if d.P <= sweep.Alpha && d.Verdict != store.Inconclusive {
			flagged++
		}
		if w, ok := strings.CutPrefix(d.Verdict, sweep.NotApplicable+": "); ok {
			why = w
		}
	}
	return flagged, judged, why
}

func (r *Results) detection(arm string, seed int, level, detector string) (store.Detection, bool) {
	if rec := r.runs[cell(arm, seed)]; rec != nil {
		for _, d := range rec.Detections {
			if d.Level == level && d.Detector == detector {
				if level == estimate.Ensemble && estimate.Blind(rec.Detections) { // a flag there is a false alarm that happens to hit
					d.Verdict = sweep.NotApplicable + ": no level sees what is done"
				}
				return d, true
			}
		}
	}
	return store.Detection{}, false
}

// Matrix shows what each level makes of each arm: flagged runs of all with the exact interval, or why it cannot see the attack.
func (r *Results) Matrix() Table {
	levels := Levels()
	if slices.ContainsFunc(r.arms, func(arm string) bool { _, n, _ := r.Verdicts(arm, string(sweep.Script)); return n > 0 }) {
		levels = append(levels, string(sweep.Script))
	}
	t := Table{Header: append([]string{"arm"}, levels...)}
	for _, a := range r.arms {
		row := []string{a}
		for _, level := range levels {
			k, n, why := r.Verdicts(a, level)
			switch {
			case n == 0:
				row = append(row, "–")
			case why != "":
				row = append(row, fmt.Sprintf("n/a: %s (%d of %d)", why, k, n))
			default:
				row = append(row, rateOf(k, n))
			}
		}
		t.Add(row...)
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Runs flagged at conformal p <= %v, of those judged, %% with the exact interval.", sweep.Alpha))
	return t
}

func rateOf(k, n int) string {
	e, err := stats.ClopperPearson(k, n, level)
	if err != nil {
		stop("%v", err)
	}
	return fmt.Sprintf("%d of %d: %s", k, n, tables.Rate(e))
}

// Detectors shows each detector and level on the attacks that it can see beside clean runs: false alarms, detection, and the area under the ROC
// curve of its scores.
func (r *Results) Detectors(attacks []string, clean string) Table {
	t := Table{Header: []string{"level", "detector", "false alarms %", "detected %", "AUROC"}, Right: []bool{false, false, true, true, true}}
	first := r.runs[cell(clean, r.seeds[0])]
	if first == nil {
		stop("detectors: the arm %q has no run at seed %d", clean, r.seeds[0])
	}
	for _, j := range first.Detections {
		alarms, quiet, hits, n := 0, []float64{}, 0, []float64{}
		for _, s := range r.seeds {
			if d, ok := r.detection(clean, s, j.Level, j.Detector); ok {
				quiet = append(quiet, d.Score)
				alarms += flag(d)
			}
			for _, a := range attacks {
				if d, ok := r.detection(a, s, j.Level, j.Detector); ok && !strings.HasPrefix(d.Verdict, sweep.NotApplicable) {
					n = append(n, d.Score)
					hits += flag(d)
				}
			}
		}
		auc, err := stats.AUROC(quiet, n, level)
		if err != nil {
			stop("%s %s: %v", j.Level, j.Detector, err)
		}
		name, area := j.Detector, "–"
		if name == "" {
			name = "all together"
		}
		if !math.IsNaN(auc.Estimate.Value) {
			area = tables.Value(auc.Estimate, 2)
		}
		t.Add(j.Level, name, rateOf(alarms, len(quiet)), rateOf(hits, len(n)), area)
	}
	return t
}

func flag(d store.Detection) int {
	if d.P <= sweep.Alpha && d.Verdict != store.Inconclusive {
		return 1
	}
	return 0
}

// Cells shows what each detector of a level makes of each arm: caught or missed, by most of its runs, with their number; or why the level
// cannot see what is done.
func (r *Results) Cells(level string) Table {
	t := Table{Header: []string{"arm"}}
	for _, a := range r.arms {
		row := []string{a}
		var judges []string
		for _, s := range r.seeds {
			if rec := r.runs[cell(a, s)]; rec != nil && judges == nil {
				for _, d := range rec.Detections {
					if d.Level == level && d.Detector != "" {
						judges = append(judges, d.Detector)
					}
				}
			}
		}
		if len(t.Header) == 1 {
			t.Header = append(t.Header, judges...)
		}
		for _, name := range judges {
			k, n := 0, 0
			for _, s := range r.seeds {
				if d, ok := r.detection(a, s, level, name); ok {
					n++
					k += flag(d)
				}
			}
			word := "missed"
			if 2*k > n {
				word = "caught"
			}
			if _, _, why := r.Verdicts(a, level); why != "" {
				word = "n/a"
				t.Notes = append(t.Notes, note(t.Notes, a+": "+why)...)
			}
			row = append(row, fmt.Sprintf("%s %d/%d", word, k, n))
		}
		t.Add(row...)
	}
	return t
}

// note is a line that the notes do not have.
func note(notes []string, line string) []string {
	if slices.Contains(notes, line) {
		return nil
	}
	return []string{line}
}

// Layers are the layers that the profile trains.
func (l *Lab) Layers() (layers []int) {
	n := len(l.open().Base.Layers)
	first, err := l.profile.Train.First(n)
	if err != nil {
		stop("%v", err)
	}
	last, err := l.profile.Train.Last(n)
	if err != nil {
		stop("%v", err)
	}
	for i := first; i <= last; i++ {
		layers = append(layers, i)
	}
	return layers
}
