package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"theriac/analysis/estimate"
	"theriac/analysis/plots"
	"theriac/analysis/stats"
	"theriac/analysis/tables"
)

//go:embed template.md
var templateText string

// Render gives the files of a report on one or more profiles: REPORT.md and the results in README.md, then, for each profile, its own
// report and figures in figures/PROFILE/report. REPORT.md is about the profile that [lead] chooses, with the others' claims beside its own.
func Render(in ...*Input) ([]File, error) { return render(templateText, in...) }

func render(text string, in ...*Input) ([]File, error) {
	if err := Lint(text); err != nil {
		return nil, err
	}
	if len(in) == 0 {
		return nil, fmt.Errorf("report: no profile to report on")
	}
	var all []*renderer
	for _, i := range in {
		r, err := newRenderer(i)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	first := lead(all)
	first.others = all
	body, err := first.execute(text, "")
	if err != nil {
		return nil, err
	}
	files := []File{{Path: "REPORT.md", Data: body}}
	if text := first.readme(); text != nil {
		files = append(files, File{Path: "README.md", Data: text})
	}
	first.others = nil
	for _, r := range all {
		dir := "figures/" + r.in.Profile + "/report/"
		if body, err = r.execute(text, "../../../"); err != nil {
			return nil, err
		}
		files = append(files, File{dir + "REPORT.md", body})
		for _, name := range r.names {
			svg, err := r.figures[name].SVG()
			if err != nil {
				return nil, err
			}
			png, err := r.figures[name].PNG()
			if err != nil {
				return nil, err
			}
			files = append(files, File{dir + name + ".svg", svg}, File{dir + name + ".png", png})
		}
	}
	return files, nil
}

func newRenderer(in *Input) (*renderer, error) {
	r := &renderer{in: in, means: map[[3]string]stats.Estimate{}, figures: map[string]*plots.Figure{}}
	var err error
	if r.outcomes, err = testClaims(r.experiment); err != nil {
		return nil, err
	}
	r.dose, r.doseErr = r.experiment("poisoning").DoseResponse(r.doses("poisoning"), "asr")
	r.judged = r.gather()
	if r.duel, err = r.play(nil); err != nil {
		return nil, err
	}
	r.closed, err = r.play(r.unseen())
	return r, err
}

// execute gives the report's text. up leads from the text's directory to the root.
func (r *renderer) execute(text, up string) ([]byte, error) {
	r.up = up
	t, err := template.New("template.md").Funcs(functions(r)).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, nil); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// renderer is what the template's functions share.
type renderer struct {
	in       *Input
	outcomes []outcome
	dose     stats.DoseResponse
	doseErr  error
	means    map[[3]string]stats.Estimate // by experiment, arm, metric
	figures  map[string]*plots.Figure
	names    []string // of figures, in order of use
	judged   *judged
	duel     *duel
	closed   *duel       // without the attacks that no level can see
	others   []*renderer // all profiles, in REPORT.md; nil in a profile's own report
	up       string      // from the text's directory to the root: "" or "../../../"
}

// experiment is never nil: one that is not stored has no runs.
func (r *renderer) experiment(name string) *estimate.Experiment {
	if e := r.in.Experiments[name]; e != nil {
		return e
	}
	return estimate.None(name)
}

func (r *renderer) mean(experiment, arm, metric string) stats.Estimate {
	key := [3]string{experiment, arm, metric}
	m, ok := r.means[key]
	if !ok {
		m = r.experiment(experiment).Mean(arm, metric)
		r.means[key] = m
	}
	return m
}

// functions are what the template can call.
func functions(r *renderer) template.FuncMap {
	return template.FuncMap{
		"profile":   func() string { return r.in.Profile },
		"level":     func() string { return tables.Number(100*estimate.Level, 0) + " %" },
		"alpha":     func() string { return tables.Number(100*estimate.Alpha, 0) + " %" },
		"margin":    func() string { return tables.Number(100*margin, 0) + " percentage points" },
		"resamples": func() string { return grouped(estimate.Resamples) },

		"rate":     func(e, arm, metric string) string { return r.rate(e, arm, metric) },
		"change":   func(e, arm, base, metric string) string { return points(r.experiment(e).Difference(arm, base, metric)) },
		"claim":    r.claim,
		"runs":     r.runs,
		"ordinary": func() bool { return len(r.experiment("safety").Values("clean", "ordinary_refusal")) > 0 },
		"has":      func(e string) bool { return len(r.experiment(e).Arms()) > 0 },
		"code":     r.code,

		"designTable": r.designTable, "familyTable": r.familyTable, "attackTable": r.attackTable,
		"powerTable": r.powerTable, "figure": r.figure, "rates": r.rates, "stealthTable": r.stealthTable, "doseText": r.doseText,
		"doseTable": r.doseTable, "doseCost": r.doseCost, "detectors": r.detectors, "reproduction": r.reproduction, "otherwise": r.otherwise,
		"ed50": func() string { return r.effective(r.dose.ED50) }, "ed90": func() string { return r.effective(r.dose.ED90) },
		"about": r.about, "across": r.across, "plan": r.plan, "caught": r.caught,
		"alarmTable": r.alarmTable, "detectionTable": r.detectionTable, "matrixTable": r.matrixTable, "controlTable": r.controlTable, "shiftTable": r.shiftTable,
		"rowTable": r.rowTable, "weightTable": r.weightTable, "predictiveTable": r.predictiveTable,
		"missionTable": r.missionTable, "deployTable": r.deployTable, "uncaught": r.uncaught,
		"preventionText": r.preventionText, "bestPreventions": r.bestPreventions, "preventionTable": r.preventionTable,
		"mixText": r.mixText, "decides": r.decides, "recipeText": r.recipeText, "recipeTable": r.recipeTable,
		"raceTable": r.raceTable, "gameText": r.gameText, "placeboEffects": r.placeboEffects, "near": r.near,
		"qa": r.qa, "digestTable": r.digestTable, "notes": r.notes, "oddities": r.oddities, "coverage": r.coverage,
	}
}

func (r *renderer) effective(d stats.EffectiveDose) string {
	if r.doseErr != nil {
		return "not measured"
	}
	return dose(d)
}

func (r *renderer) claim(name string) (string, error) {
	for i := range r.outcomes {
		if r.outcomes[i].name == name {
			return r.outcomes[i].sentence(), nil
		}
	}
	return "", fmt.Errorf("no claim %q", name)
}

// runs counts the stored runs of an experiment that are done.
func (r *renderer) runs(name string) string {
	n := 0
	e := r.experiment(name)
	for _, a := range e.Arms() {
		done, _ := e.Runs(a)
		n += done
	}
	return grouped(n)
}

// code links to a source file, and names what to look for in it.
func (r *renderer) code(path, symbol string) string {
	if symbol == "" {
		return fmt.Sprintf("[`%s`](%s%s)", path, r.up, path)
	}
	return fmt.Sprintf("[`%s`](%s%s) (`%s`)", path, r.up, path, symbol)
}

// experiments that the report is about.
var subjects = []string{"baseline", "backdoor", "poisoning", "targeted", "safety", "placebo"}

// odd are the failures and oddities of all runs, a line each.
func (r *renderer) odd() (lines []string) {
	for _, name := range subjects {
		e := r.experiment(name)
		if len(e.Arms()) == 0 {
			lines = append(lines, name+": no stored runs at this profile; what it would show is marked as not measured")
		}
		for _, n := range e.Notes() {
			lines = append(lines, inline(n))
		}
	}
	return lines
}

// notes lists what is odd; "" if nothing is.
func (r *renderer) notes() string {
	if lines := r.odd(); len(lines) > 0 {
		return "- " + strings.Join(lines, "\n- ")
	}
	return ""
}

// oddities counts what notes lists, by experiment.
func (r *renderer) oddities() string {
	var parts []string
	for _, name := range subjects {
		n := len(r.experiment(name).Notes())
		switch {
		case len(r.experiment(name).Arms()) == 0:
			parts = append(parts, name+" (no stored runs)")
		case n > 0:
			parts = append(parts, fmt.Sprintf("%s (%d)", name, n))
		}
	}
	return list(parts)
}

// coverage says how many seeds the arms have.
func (r *renderer) coverage() string {
	counts := map[int]bool{}
	for _, name := range subjects {
		e := r.experiment(name)
		for _, a := range e.Arms() {
			counts[len(e.Seeds(a))] = true
		}
	}
	var sizes []int
	for n := range counts {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	switch {
	case len(sizes) == 0:
		return "No arm has a stored run."
	case len(sizes) == 1 && sizes[0] == 1:
		return "Every arm has a single seed: nothing can be said of other seeds."
	case len(sizes) == 1:
		return fmt.Sprintf("Every arm has %d seeds.", sizes[0])
	}
	return fmt.Sprintf("Arms have %d to %d seeds.", sizes[0], sizes[len(sizes)-1])
}
