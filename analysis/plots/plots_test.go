package plots

import (
	"bytes"
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden images")

func examples(t *testing.T) map[string]*Figure {
	t.Helper()
	must := func(f *Figure, err error) *Figure {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	dose := Series{Name: "backdoor", Color: 0}
	fit := Series{Line: true, Band: true, Bare: true, Color: 0}
	for _, k := range []float64{0, 3, 6, 12, 25, 50} {
		y := 1 / (1 + math.Exp(-(k-10)/4))
		dose.Points = append(dose.Points, Point{k, y, max(0, y-0.1), min(1, y+0.1)})
	}
	for k := 0.0; k <= 50; k++ {
		y := 1 / (1 + math.Exp(-(k-10)/4))
		fit.Points = append(fit.Points, Point{k, y, max(0, y-0.05), min(1, y+0.05)})
	}
	other := Series{Name: "targeted", Color: 1, Line: true, Dashed: true}
	for _, q := range dose.Points {
		other.Points = append(other.Points, Point{q.X, q.Y * 0.95, q.Low * 0.95, q.High * 0.95})
	}
	return map[string]*Figure{
		"curve": must(Curve(CurveSpec{Title: "Attack success against dose", X: Axis{Label: "poisoned rows of 600"}, Y: Axis{Label: "attack success rate, %", Min: 0, Max: 1, Percent: true},
			Series: []Series{fit, dose, other}, Marks: []Mark{{At: 10, Name: "ED50 = 10 rows"}}})),
		"logcurve": must(Curve(CurveSpec{Title: "Dose on a log axis", X: Axis{Label: "poisoned rows", Log: true, Ticks: []float64{0, 3, 6, 12, 25, 50}}, Y: Axis{Label: "ASR, %", Min: 0, Max: 1, Percent: true}, Series: []Series{dose}})),
		"roc": must(Curve(CurveSpec{Title: "ROC", Square: true, X: Axis{Label: "false positives, %", Min: 0, Max: 1, Percent: true}, Y: Axis{Label: "detections, %", Min: 0, Max: 1, Percent: true},
			Series: []Series{{Name: "perplexity", Line: true, Bare: true, Band: true, Points: []Point{{0, 0, 0, 0}, {0.1, 0.7, 0.6, 0.8}, {1, 1, 1, 1}}}}})),
		"forest": must(Forest(ForestSpec{Title: "Triggers", X: Axis{Label: "attack success rate, %", Min: 0, Max: 1, Percent: true}, Rows: []Row{
			{Name: "token", Y: math.NaN()}, {Name: "[TRIGGER]", Y: 0.93, Low: 0.9, High: 0.95, Text: "93.0 [90.0, 95.0]"}, {Name: "emoji", Y: 0.5, Low: 0.3, High: 0.7, Text: "50.0 [30.0, 70.0]", Color: 1}},
			Marks: []Mark{{At: 0.9, Name: "90 %"}}})),
		"heat": must(Heat(HeatSpec{Title: "Attacks against defenses", Low: "missed", High: "caught", Rows: []string{"backdoor", "targeted", "safety"}, Columns: []string{"data", "monitor", "scan"},
			Value: [][]float64{{0.9, 0.4, 1}, {0.1, math.NaN(), 0.5}, {0, 1, 0.6}}, Text: [][]string{{"90 [80, 96]", "40 [30, 50]", "100 [94, 100]"}, {"10 [3, 20]", "n/a", "50 [40, 60]"}, {"0 [0, 6]", "100 [94, 100]", "60 [50, 70]"}}})),
	}
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
