package lab

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"

	"theriac/analysis/plots"
	"theriac/analysis/tables"
	"theriac/harness/compute/machine"
	"theriac/harness/corpus"
	"theriac/harness/store"
	"theriac/harness/sweep"
)

// Table and Figure are what Lab.Table and Lab.Figure show.
type (
	Table  = tables.Table
	Figure = plots.Figure
)

// Lab is a script's session.
type Lab struct {
	name        string
	env         Environment
	profile     *Profile
	ctx         context.Context
	store       *store.Store
	bench       *sweep.Bench
	planned     *studyPlan
	calibration *sweep.Calibration // nil: sweeps are not judged
	data        map[string]*Data   // of the profile, and of arms, by name
}

// Error is what stops a script: one line.
type Error string

func (e Error) Error() string { return string(e) }

// stop ends the script. `theriac run` recovers the panic and names the script's line; a compiled script prints it.
func stop(format string, args ...any) { panic(Error(fmt.Sprintf(format, args...))) }

var goodName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// Start opens the session of an experiment. name is its directory below experiments/, results/ and figures/.
func Start(name string) *Lab {
	if !goodName.MatchString(name) {
		stop("lab.Start(%q): want a name of small letters, digits and hyphens", name)
	}
	env, err := environment()
	if err != nil {
		stop("%v", err)
	}
	if env.Script != "" && env.Script != name {
		stop("lab.Start(%q): this script's directory is %s, and its runs would go among those of %s; start it as %q", name, env.Script, name, env.Script)
	}
	p, err := ReadProfile(env.Root, env.Profile)
	if err != nil {
		stop("%v", err)
	}
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt) // for the process's life
	results := filepath.Join(env.Out, "results", ResultsName(p.Name, env.Device))
	st, err := store.Open(filepath.Join(results, name), filepath.Join(results, ".runs", name))
	if err != nil {
		stop("%v", err)
	}
	return &Lab{name: name, env: env, profile: p, ctx: ctx, store: st, data: map[string]*Data{}}
}

// open loads the base when the first run needs it.
func (l *Lab) open() *sweep.Bench {
	if l.bench != nil {
		return l.bench
	}
	m, err := l.openBase()
	if err == nil {
		var on *machine.Machine
		if on, _, err = machine.Open(l.env.Device, l.env.Threads); err != nil {
			stop("%v", err)
		}
		l.bench, err = sweep.Open(m, on, l.env.Cache, l.profile.Data.MaxTokens)
	}
	if err != nil {
		stop("%v", err)
	}
	l.bench.DataDir = l.env.DataDir
	if l.weightless() {
		l.bench.Digest = l.profile.Align.Digest
	}
	return l.bench
}

// Profile is the scale at which the script runs.
func (l *Lab) Profile() Profile { return *l.profile }

// Seeds are the profile's seeds of a pool: "development", "calibration", "evaluation", or a name that the profile gives to some of these.
// What it gives as EXPERIMENT/POOL goes first, in that experiment.
func (l *Lab) Seeds(pool string) []int {
	r, ok := l.profile.Seeds[l.name+"/"+pool]
	if !ok {
		r, ok = l.profile.Seeds[pool]
	}
	if !ok {
		stop("profile %s has no seeds for the pool %q", l.profile.Name, pool)
	}
	if corpus.PoolOfSeed(uint64(r.From)) == corpus.Evaluation && l.env.SeedCount > 0 {
		r = Range{From: l.env.FirstSeed, Count: l.env.SeedCount}
	}
	out := make([]int, r.Count)
	for i := range out {
		out[i] = r.From + i
	}
	return out
}

// Md shows Markdown.
func (l *Lab) Md(text string) {
	l.env.Host.Show(Output{Kind: "markdown", Text: strings.TrimSpace(text)})
}

// Printf shows a line of text.
func (l *Lab) Printf(format string, args ...any) {
	l.env.Host.Show(Output{Kind: "text", Text: strings.TrimRight(fmt.Sprintf(format, args...), "\n")})
}

// Table shows a table.
func (l *Lab) Table(t Table) {
	l.env.Host.Show(Output{Kind: "table", Text: strings.TrimRight(t.Terminal(), "\n"), Markdown: t.Markdown()})
}

// Figure shows a figure under a name, which is also its file's name in figures/.
func (l *Lab) Figure(name string, f *Figure) {
	if !goodName.MatchString(name) {
		stop("figure %q: want a name of small letters, digits and hyphens", name)
	}
	svg, err := f.SVG()
	if err != nil {
		stop("figure %s: %v", name, err)
	}
	l.env.Host.Show(Output{Kind: "figure", Name: name, Text: f.Caption, SVG: string(svg)})
}

// tell shows progress. The end of a sweep is told even where progress is not wanted: who runs the script must know of failures.
func (l *Lab) tell(p Progress) {
	if l.env.Quiet && p.Event != "end" {
		return
	}
	l.env.Host.Show(Output{Kind: "progress", Text: p.Line(), Progress: &p})
}
