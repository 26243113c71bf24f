package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
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
	closed   *duel       // the game without the attacks that no level can see
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
		"margin":    func() string { return tables.Number(100*estimate.Margin, 0) + " percentage points" },
		"resamples": func() string { return grouped(estimate.Resamples) },

		"rate":     func(e, arm, metric string) string { return r.rate(e, arm, metric) },
		"change":   func(e, arm, base, metric string) string { return points(r.experiment(e).Difference(arm, base, metric)) },
		"claim":    r.claim,
		"ordinary": func() bool { return len(r.experiment("safety").Values("clean", "ordinary_refusal")) > 0 },
		"several":  func() bool { return len(r.others) > 1 },
		"has":      func(e string) bool { return len(r.experiment(e).Arms()) > 0 },
		"code":     r.code,

		"designTable": r.designTable, "familyTable": r.familyTable, "attackTable": r.attackTable,
		"powerTable": r.powerTable, "figure": r.figure, "rates": r.rates, "stealthTable": r.stealthTable, "doseText": r.doseText,
		"doseTable": r.doseTable, "doseCost": r.doseCost, "detectors": r.detectors, "reproduction": r.reproduction, "otherwise": r.otherwise,
		"ed50": func() string { return r.effective(r.dose.ED50) }, "ed90": func() string { return r.effective(r.dose.ED90) },
		"about": r.about, "across": r.across, "carries": r.carries, "plan": r.plan, "plannedTable": r.plannedTable, "setupTable": r.setupTable, "glossary": r.glossary,
		"caught": r.caught, "alarms": r.alarms, "acceptance": r.acceptance, "levelAdvice": r.levelAdvice, "gameAdvice": r.gameAdvice, "safeDose": r.safeDose, "byNumber": r.byNumber, "ablationText": r.ablationText,
		"alarmTable": r.alarmTable, "detectionTable": r.detectionTable, "matrixTable": r.matrixTable, "aloneText": r.aloneText, "below": r.below, "controlTable": r.controlTable, "shiftTable": r.shiftTable,
		"rowTable": r.rowTable, "weightTable": r.weightTable, "predictiveTable": r.predictiveTable,
		"missionTable": r.missionTable, "deployTable": r.deployTable, "uncaught": r.uncaught,
		"preventionText": r.preventionText, "bestPreventions": r.bestPreventions, "preventionTable": r.preventionTable,
		"mixText": r.mixText, "decides": r.decides, "recipeText": r.recipeText, "recipeTable": r.recipeTable,
		"raceTable": r.raceTable, "gameText": r.gameText, "placeboEffects": r.placeboEffects, "near": r.near,
		"qa": r.qa, "digestTable": r.digestTable, "notes": r.notes, "unstored": r.unstored, "shifted": func() bool { return len(r.judged.places[estimate.Shifted]) > 0 }, "oddities": r.oddities, "coverage": r.coverage,
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

// unstored names the other experiments that have no run here.
func (r *renderer) unstored() string {
	var out []string
	for _, name := range []string{"process", "persistence", "slices", "defenses", "prevention", race, "ablation", "counts"} {
		if len(r.experiment(name).Arms()) == 0 {
			out = append(out, name)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return "\n\nWithout a stored run at this scale: " + tables.List(out) + "."
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
	return tables.List(parts)
}

// coverage says how many seeds the arms have: those of the headline claims, those of the matrix, and the others but for calibration's.
func (r *renderer) coverage() string {
	var headline, matrix, others []int
	for _, name := range slices.Sorted(maps.Keys(r.in.Experiments)) {
		e := r.in.Experiments[name]
		for _, a := range e.Arms() {
			n := len(e.Seeds(a))
			switch {
			case n == 0 || a == "calibration":
			case slices.ContainsFunc(claims, func(c claim) bool { return c.experiment == name && (c.arm == a || c.baseline == a) }):
				headline = append(headline, n)
			case name == "defenses" && e.Class(a) == estimate.Attacked:
				matrix = append(matrix, n)
			case name != "defenses": // whose clean runs and shifts are counted where they are judged
				others = append(others, n)
			}
		}
	}
	var parts []string
	for _, x := range []struct {
		what string
		n    []int
	}{{"the arms of the headline claims have ", headline}, {"the attacks of the matrix ", matrix}, {"other arms ", others}} {
		if len(x.n) > 0 {
			parts = append(parts, x.what+plots.Seeds(x.n))
		}
	}
	if len(parts) == 0 {
		return "No arm has a stored run."
	}
	s := tables.List(parts)
	if len(headline) > 0 && slices.Max(headline) == 1 {
		s += "; of a single seed nothing can be said of other seeds"
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
