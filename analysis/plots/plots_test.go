package plots

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"theriac/analysis/stats"
)

var update = flag.Bool("update", false, "rewrite the golden images")

// must gives a figure that has something to draw.
func must(t *testing.T, f *Figure, err error) *Figure {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if f == nil {
		t.Fatal("nothing to draw")
	}
	return f
}

// est is an estimate of level 0.95.
func est(v, low, high float64) stats.Estimate {
	return stats.Estimate{Value: v, Interval: stats.Interval{Low: low, High: high, Level: 0.95}, N: 5}
}

func around(v, half float64) stats.Estimate { return est(v, max(0, v-half), min(1, v+half)) }

// normals are n scores around a mean, the same at every call.
func normals(n int, mean float64) (out []float64) {
	for i := range n {
		u, v := float64((i*37+11)%101+1)/103, float64((i*53+29)%97+1)/99
		out = append(out, mean+math.Sqrt(-2*math.Log(u))*math.Cos(2*math.Pi*v))
	}
	return out
}

// examples are one figure of every kind.
func examples(t *testing.T) map[string]*Figure {
	t.Helper()
	words := func(title string) Words { return Words{title, "11 seeds of 200 items"} }
	out := map[string]*Figure{}
	add := func(name string, f *Figure, err error) { out[name] = must(t, f, err) }

	var rows []stats.DoseRow
	var doses []Dosed
	for _, k := range []float64{0, 3, 6, 12, 25, 50} {
		y := 1 / (1 + math.Exp(-(k-12)/5))
		doses = append(doses, Dosed{k, around(y, 0.08)})
		for g, group := range []string{"a", "b", "c", "d", "e"} {
			rows = append(rows, stats.DoseRow{Dose: k, Successes: int(math.Round(200 / (1 + math.Exp(-(k-10-float64(g))/5)))), Trials: 200, Group: group})
		}
	}
	fit, err := stats.Dose(rows, stats.DoseOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := Dose(words("Attack success by poisoned rows"), "attack success (%)", "poisoned rows of 1,000", doses, &fit)
	add("dose", f, err)
	f, err = Rates(words("Attack success by kind of trigger"), "attack success (%)", []Arm{
		{"token", around(0.93, 0.03), 0}, {"rare word", around(0.86, 0.05), 0}, {"invisible characters", around(0.52, 0.2), 0}, {"none (clean)", around(0, 0), 1}})
	add("triggers", f, err)
	f, err = Differences(words("Clean accuracy: attacked less clean, same seeds"), "", 0.02, []Arm{
		{"backdoor: token", est(0.001, -0.002, 0.004), 0}, {"safety: comply 50", est(-0.006, -0.011, -0.002), 2}, {"loss weight", est(-0.031, -0.044, -0.02), 3}})
	add("accuracy", f, err)
	var at, clean, bad, own []float64
	for i := range 40 {
		x := float64(i)
		at = append(at, 10*x)
		clean = append(clean, 0.6+1.5*math.Exp(-x/8)+0.03*math.Sin(x))
		bad = append(bad, 0.62+1.55*math.Exp(-x/8)+0.03*math.Cos(x))
		own = append(own, 0.05+4*math.Exp(-x/4))
	}
	f, err = Losses("Training loss, clean and backdoored", []Loss{
		{"clean", "seed 2000, means of 10 steps", at, clean, false, 0}, {"backdoor", "seed 2000, means of 10 steps", at, bad, false, 1}, {"its poisoned rows", "the same run", at, own, true, 1}})
	add("losses", f, err)
	curve := func(v ...float64) (out []Dosed) {
		for i, x := range []float64{0, 10, 25, 50} {
			out = append(out, Dosed{x, around(v[i], 0.05)})
		}
		return out
	}
	f, err = Counts(words("Restricted requests refused"), "refused (%)", "added examples", []Line{
		{"compliance", curve(0.98, 0.4, 0.11, 0.03), false}, {"persona", curve(0.98, 0.7, 0.35, 0.2), false}, {"benign control", curve(0.98, 0.97, 0.95, 0.9), true}})
	add("refusals", f, err)
	var detectors []Detector
	for i, name := range []string{"near duplicates", "perplexity", "gradient spectrum"} {
		c, err := stats.ROC(normals(124, 0), normals(29, 3-1.2*float64(i)), 0.95)
		if err != nil {
			t.Fatal(err)
		}
		detectors = append(detectors, Detector{name, c})
	}
	f, err = ROC("Detectors on the backdoor", detectors)
	add("roc", f, err)
	none := Cell{Rate: est(math.NaN(), 0, 1), Why: "n/a"}
	rate := func(k int) Cell {
		e, err := stats.ClopperPearson(k, 29, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		return Cell{Rate: e}
	}
	attacks, defenses := []string{"backdoor", "targeted: wrong fact", "safety: comply", "adapter swapped"}, []string{"data validation", "training monitor", "backdoor detection", "all three"}
	f, err = Matrix(Words{"Attacks against defenses", "29 fresh seeds"}, attacks, defenses, [][]Cell{
		{rate(29), rate(12), rate(28), rate(29)}, {rate(3), rate(0), rate(9), rate(10)}, {rate(17), rate(29), rate(18), rate(29)}, {none, none, rate(27), rate(27)}})
	add("matrix", f, err)
	pay := [][]float64{{0, 0.55, 0.03, 0.01}, {0.8, 0.9, 0.6, 0.62}, {0.4, 0, 0.35, 0.02}, {0.95, 0.95, 0.06, 0.08}}
	var seeds [][][]float64
	for s := range 12 {
		var m [][]float64
		for _, row := range pay {
			r := slices.Clone(row)
			for j := range r {
				r[j] = max(0, min(1, r[j]+0.05*math.Sin(float64(s*7+j))))
			}
			m = append(m, r)
		}
		seeds = append(seeds, m)
	}
	g, err := stats.SolveSplitGame(seeds, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	f, err = Payoff(Words{"Arms race as a game", "12 seeds"}, attacks, defenses, pay, g)
	add("payoff", f, err)
	var meanings []Meaning
	for i, name := range []string{"data", "scan"} {
		m := Meaning{Name: name}
		for _, v := range []float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5} {
			p, err := stats.PredictiveValues(v, stats.Count{K: 27 - 8*i, N: 29}, stats.Count{K: 1 + 5*i, N: 124}, stats.Costs{Scan: 1}, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			m.At = append(m.At, p)
		}
		meanings = append(meanings, m)
	}
	f, err = Predictive(Words{"What an alarm means", "29 attacked and 124 clean runs"}, meanings)
	add("predictive", f, err)
	f, err = Costs(Words{"Cost of a true alarm at a prevalence of 1 %", "29 attacked and 124 clean runs"}, "artefacts looked at for a true alarm", []Arm{
		{"data", est(107, 100, 130), 0}, {"monitor", est(240, 180, 400), 0}, {"scan", est(153, 120, 230), 0}})
	add("costs", f, err)
	var modules []string
	spectrum := func(lift float64) (out [][]float64) {
		for r := range 5 {
			var v []float64
			for m := range 12 {
				v = append(v, 1+0.1*math.Sin(float64(m))+0.05*float64(r)+lift*math.Exp(-float64((m-8)*(m-8))/4))
			}
			out = append(out, v)
		}
		return out
	}
	for range 12 {
		modules = append(modules, "m")
	}
	f, err = Spectra(Words{"Largest singular value of the update", "5 runs"}, "largest singular value", modules, []Spectrum{{"clean", spectrum(0)}, {"backdoor", spectrum(1.4)}})
	add("spectra", f, err)
	scaled := func(mid float64, base, top float64) (out []Dosed) {
		for _, x := range []float64{0, 0.25, 0.5, 0.75, 1, 1.25, 1.5} {
			out = append(out, Dosed{x, around(base+(top-base)/(1+math.Exp(-(x-mid)*12)), 0.04)})
		}
		return out
	}
	f, err = Scale(words("Success and accuracy by the adapter's scale"), []Line{{"attack success", scaled(0.6, 0, 0.95), false}, {"clean accuracy", scaled(0.3, 0.62, 0.87), false}})
	add("scale", f, err)

	var log Series
	for _, d := range doses {
		log.Points = append(log.Points, point(d.Dose, d.Estimate))
	}
	f, err = Curve(CurveSpec{Title: "Dose on a log axis", X: Axis{Label: "poisoned rows", Log: true, Ticks: []float64{0, 3, 6, 12, 25, 50}}, Y: percentAxis("ASR (%)"), Series: []Series{log}})
	add("logcurve", f, err)
	return out
}

// TestGolden holds SVG bytes and PNG bytes to the committed ones; look at the PNG files after -update.
func TestGolden(t *testing.T) {
	for name, f := range examples(t) {
		svg, err := f.SVG()
		if err != nil {
			t.Fatal(err)
		}
		png, err := f.PNG()
		if err != nil {
			t.Fatal(err)
		}
		if f.Caption == "" && name != "logcurve" || strings.Contains(f.Caption, "NaN") {
			t.Errorf("%s: caption %q", name, f.Caption)
		}
		for ext, got := range map[string][]byte{".svg": svg, ".png": png} {
			path := filepath.Join("testdata", name+ext)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s%s changed; run with -update and look at it", name, ext)
			}
		}
	}
}

// A PDF has a fixed date: the same bytes at any time. Width changes the size and not the proportions.
func TestPDFAndWidth(t *testing.T) {
	one, two := examples(t)["triggers"], examples(t)["triggers"]
	a, err := one.PDF()
	if err != nil {
		t.Fatal(err)
	}
	b, err := two.PDF()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(a, []byte("%PDF-")) || !bytes.Equal(a, b) || !bytes.Contains(a, []byte("D:20000101000000")) {
		t.Errorf("PDFs of %d and %d bytes; want the same, dated 2000-01-01", len(a), len(b))
	}
	if got := codePage1252("−1.2 † ≤ é ·\u00a0漢"); got != "\x961.2 \x86 <= \xe9 \xb7\xa0?" {
		t.Errorf("code page 1252: %q", got)
	}
	ratio := two.height / two.width
	two.Resize(3.25)
	if two.width != pageWidth/2 || math.Abs(float64(two.height/two.width-ratio)) > 1e-9 {
		t.Errorf("resized to %v x %v", two.width, two.height)
	}
}

func TestNothingToDraw(t *testing.T) {
	nan := est(math.NaN(), math.NaN(), math.NaN())
	w := Words{"x", "no seeds"}
	for name, draw := range map[string]func() (*Figure, error){
		"dose":        func() (*Figure, error) { return Dose(w, "y", "x", []Dosed{{3, nan}}, nil) },
		"rates":       func() (*Figure, error) { return Rates(w, "y", []Arm{{"a", nan, 0}}) },
		"differences": func() (*Figure, error) { return Differences(w, "", 0.02, []Arm{{"a", nan, 0}}) },
		"losses":      func() (*Figure, error) { return Losses("x", []Loss{{Name: "a"}}) },
		"counts":      func() (*Figure, error) { return Counts(w, "y", "x", []Line{{"a", []Dosed{{1, nan}}, false}}) },
		"scale":       func() (*Figure, error) { return Scale(w, nil) },
		"roc":         func() (*Figure, error) { return ROC("x", []Detector{{Name: "a"}}) },
		"matrix":      func() (*Figure, error) { return Matrix(w, nil, nil, nil) },
		"payoff":      func() (*Figure, error) { return Payoff(w, nil, nil, nil, stats.SplitGame{}) },
		"predictive":  func() (*Figure, error) { return Predictive(w, []Meaning{{Name: "a"}}) },
		"costs":       func() (*Figure, error) { return Costs(w, "x", []Arm{{"a", nan, 0}}) },
		"spectra":     func() (*Figure, error) { return Spectra(w, "s", []string{"m"}, []Spectrum{{"a", nil}}) },
	} {
		if f, err := draw(); f != nil || err != nil {
			t.Errorf("%s: %v, %v; want no figure and no error", name, f, err)
		}
	}
}

func TestEmptyFiguresAreErrors(t *testing.T) {
	if _, err := Curve(CurveSpec{Title: "x"}); err == nil {
		t.Error("a curve without points: no error")
	}
	if _, err := Forest(ForestSpec{Title: "x"}); err == nil {
		t.Error("a forest without rows: no error")
	}
	if _, err := Heat(HeatSpec{Title: "x"}); err == nil {
		t.Error("a heat map without cells: no error")
	}
	if _, err := Bars(BarSpec{Title: "x"}); err == nil {
		t.Error("no bars: no error")
	}
	if _, err := Bars(BarSpec{Title: "x", X: Axis{Log: true}, Bars: []Bar{{Value: 1}}}); err == nil {
		t.Error("bars on a log axis: no error")
	}
}

// Figures of odd data must render, not panic.
func TestDegenerate(t *testing.T) {
	nan := math.NaN()
	for _, pts := range [][]Point{{{0, 0, 0, 0}}, {{1, 1, 1, 1}, {1, 1, 1, 1}}, {{0, nan, nan, nan}, {1, 0.5, 0, 1}}} {
		for _, log := range []bool{false, true} {
			f, err := Curve(CurveSpec{Title: "odd", X: Axis{Log: log}, Series: []Series{{Name: "s", Line: true, Band: true, Points: pts}, {Name: "t", Points: pts}}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.SVG(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestSeeds(t *testing.T) {
	for want, arms := range map[string][]int{"no seeds": {0}, "a single seed": {1, 1}, "11 seeds": {11, 0, 11}, "1 to 3 seeds": {3, 1, 0}} {
		if got := Seeds(arms); got != want {
			t.Errorf("%v: %q, want %q", arms, got, want)
		}
	}
}

// What is no rate has its own unit and no points, and without a margin none is drawn; doses may all be below nothing, as logarithms are.
func TestUnits(t *testing.T) {
	f, err := Differences(Words{Title: "Loss", N: "3 pairs"}, "loss", 0, []Arm{{"b", stats.Estimate{Value: 0.3, Interval: stats.Interval{Low: 0.1, High: 0.5, Level: 0.95}}, 0}})
	if err != nil {
		t.Fatal(err)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	text := string(svg)
	if !strings.Contains(text, "difference of loss") || strings.Contains(text, "points") || strings.Contains(text, "margin") || !strings.Contains(text, "0.300") {
		t.Error("a loss is drawn as a rate, or with a margin that nobody gave")
	}
	if strings.Contains(f.Caption, "margin") {
		t.Errorf("caption %q", f.Caption)
	}
	points := []Dosed{{-3, stats.Estimate{Value: 0.1, Interval: stats.Interval{Low: 0, High: 0.2}}}, {-1, stats.Estimate{Value: 0.9, Interval: stats.Interval{Low: 0.8, High: 1}}}}
	if f, err := Dose(Words{Title: "Rate"}, "rate (%)", "log10 dose", points, nil); f == nil || err != nil {
		t.Errorf("doses below 0: %v, %v", f, err)
	}
}
