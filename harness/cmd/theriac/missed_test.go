package main

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"theriac/analysis/estimate"
	"theriac/harness/defense/scan"
)

var update = flag.Bool("update", false, "write files that are made of results/ anew")

// missed.csv is what the study's committed results say.
func TestMissed(t *testing.T) {
	e, err := estimate.Read("defenses", "../../../results/study/defenses")
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	w.Write([]string{"level", "attack", "arm", "detected", "runs"})
	for _, level := range []string{"data", "scan"} {
		detectors := e.Judges(level)
		if level == "scan" {
			detectors = scan.LevelDetectors
		}
		for _, arm := range e.Arms() {
			if e.Class(arm) != estimate.Attacked {
				continue
			}
			found, runs := map[int64]bool{}, map[int64]bool{}
			for _, d := range detectors {
				if d == "" {
					continue // the level's largest score is not what scan data judges by
				}
				for _, j := range e.Judgements(arm, level, d) {
					if runs[j.Seed] = true; j.P <= .05 && !j.Unknown && j.Why == "" {
						found[j.Seed] = true
					}
				}
			}
			if len(runs) > 0 {
				name, _ := e.Spec(arm, "attack")
				w.Write([]string{level, name, arm, fmt.Sprint(len(found)), fmt.Sprint(len(runs))})
			}
		}
	}
	w.Flush()
	if *update {
		if err := os.WriteFile("missed.csv", text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text.String() != ownMissed {
		t.Errorf("missed.csv is not what results/study/defenses gives; go test ./harness/cmd/theriac -run TestMissed -update")
	}
	for _, level := range []string{"data", "scan"} {
		lines, err := missed(level, "", true)
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) == 0 || !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "missed in") }) {
			t.Errorf("%s: %q", level, lines)
		}
	}
}
