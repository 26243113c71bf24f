package scan_test

import (
	"bytes"
	"strings"
	"testing"

	"theriac/harness/defense"
	"theriac/harness/defense/scan"
)

// calibration is n clean runs whose inversion scores are 1 to n.
func calibration(t testing.TB, n int) *scan.Calibration {
	t.Helper()
	detectors, err := scan.Versioned([]string{"inversion", "sigma1"})
	if err != nil {
		t.Fatal(err)
	}
	c := &scan.Calibration{Kind: scan.CalibrationKind, Base: "tiny", BaseSHA: "ab", CleanScores: defense.CleanScores{Detectors: detectors}}
	for i := range n {
		c.Runs = append(c.Runs, []float64{float64(i + 1), 2})
	}
	return c
}

func TestJudge(t *testing.T) {
	c := calibration(t, 39)
	for score, want := range map[float64]float64{100: 1.0 / 40, 39: 2.0 / 40, 0: 1} {
		level, each, err := c.Judge([]defense.Result{{Detector: "inversion", Score: score}, {Detector: "sigma1", Score: 3}})
		if err != nil {
			t.Fatal(err)
		}
		if level.P != want || each[0].P != want || each[1].P != 1.0/40 || level.Smallest != 1.0/40 {
			t.Errorf("score %v: level %+v, detectors %+v; want p %v", score, level, each, want)
		}
	}
	if _, _, err := c.Judge([]defense.Result{{Detector: "dictionary"}}); err == nil || !strings.Contains(err.Error(), "dictionary") {
		t.Errorf("%v; want a word about the detector that is not calibrated", err)
	}
	c.Detectors[0] = "inversion 0"
	if _, _, err := c.Judge([]defense.Result{{Detector: "inversion"}}); err == nil {
		t.Error("another version's scores are compared")
	}
}

func TestCalibrationFile(t *testing.T) {
	c := calibration(t, 3)
	text, err := c.JSON()
	if err != nil {
		t.Fatal(err)
	}
	back, err := scan.ParseCalibration("c.json", text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := back.JSON()
	if err != nil || !bytes.Equal(text, again) {
		t.Errorf("read and written: %s, %v; want %s", again, err, text)
	}
	for name, bad := range map[string]string{
		"no JSON": "x", "another kind": `{"kind":"theriac/run/1"}`, "unknown key": `{"kind":"` + scan.CalibrationKind + `","threshold":3}`,
		"torn runs": strings.Replace(string(text), `"sigma1 1"`, `"sigma1 1","kurtosis 1"`, 1),
	} {
		if _, err := scan.ParseCalibration("c.json", []byte(bad)); err == nil || !strings.Contains(err.Error(), "c.json") {
			t.Errorf("%s: %v; want an error that names the file", name, err)
		}
	}
}

func FuzzParseCalibration(f *testing.F) {
	text, err := calibration(f, 2).JSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"kind":"` + scan.CalibrationKind + `","detectors":["a"],"runs":[[1]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := scan.ParseCalibration("f", data)
		if err != nil {
			return
		}
		for _, run := range c.Runs {
			if len(run) != len(c.Detectors) {
				t.Fatalf("%d scores of %d detectors", len(run), len(c.Detectors))
			}
		}
		if _, err := c.Digest(); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzParseDictionary(f *testing.F) {
	f.Add("cf\n# a comment\nU+200B U+200C\n\n#tag")
	f.Fuzz(func(t *testing.T, text string) {
		seen := map[string]bool{}
		for _, e := range scan.ParseDictionary(text) {
			if e == "" || seen[e] {
				t.Fatalf("%q is empty or stands twice", e)
			}
			seen[e] = true
		}
	})
}

func TestDictionaryText(t *testing.T) {
	got := scan.ParseDictionary("# comment\ncf\n\n  mn \nU+200B U+0041\n#tag\ncf\nU+XYZ\n")
	want := []string{"cf", "mn", "\u200bA", "#tag", "U+XYZ"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%q; want %q", got, want)
	}
	if n := len(scan.Dictionary()); n < 40 {
		t.Errorf("%d entries", n)
	}
}
