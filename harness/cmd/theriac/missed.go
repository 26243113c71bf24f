package main

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"theriac/harness/attack"
)

// ownMissed is how often each level found which attack in the study's runs: level, attack, arm, and of how many runs at least one of
// the detectors that a scan's verdict goes by had p <= .05. TestMissed makes it of results/study/defenses.
//
//go:embed missed.csv
var ownMissed string

// wouldMiss begins the list under an unflagged verdict; path is the file that says what was measured, "" the study's.
func wouldMiss(path string) string {
	if path == "" {
		return "in the study's measured runs such a scan missed"
	}
	return "in the measured runs of " + path + " such a scan missed"
}

// missed lists the attacks that a level's scan misses, by the file at path or, if it is a whole one, by theriac's own study;
// attacks of the catalogue that were not measured are named too.
func missed(level, path string, whole bool) (out []string, err error) {
	var rows []missedRow
	if path == "" && whole {
		rows, err = readMissed("missed.csv", strings.NewReader(ownMissed), []string{"level", "attack", "arm", "detected", "runs"})
	} else if path != "" {
		f, e := os.Open(path)
		if e != nil {
			return nil, e
		}
		defer f.Close()
		rows, err = readMissed(path, f, []string{"attack", "detected", "runs"})
	}
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, r := range rows {
		if r.level != "" && r.level != level {
			continue
		}
		known[r.attack] = true
		if r.detected < r.runs {
			out = append(out, fmt.Sprintf("%s: missed in %d of %d runs", r.arm, r.runs-r.detected, r.runs))
		}
	}
	for _, e := range attack.Catalogue() {
		if e.Family != attack.Placebo && !known[e.Name] {
			out = append(out, e.Name+": not measured")
		}
	}
	return out, nil
}

type missedRow struct {
	level, attack, arm string
	detected, runs     int
}

func readMissed(name string, in io.Reader, columns []string) (out []missedRow, err error) {
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], columns) {
		return nil, fmt.Errorf("%s: want the columns %s", name, strings.Join(columns, ", "))
	}
	for i, row := range rows[1:] {
		n := len(row)
		r := missedRow{attack: row[0], arm: row[0]}
		if n == 5 {
			r.level, r.attack, r.arm = row[0], row[1], row[2]
		}
		k, err1 := strconv.Atoi(row[n-2])
		of, err2 := strconv.Atoi(row[n-1])
		if err1 != nil || err2 != nil || k < 0 || of < k || of == 0 {
			return nil, fmt.Errorf("%s:%d: detected %q of %q runs: want counts", name, i+2, row[n-2], row[n-1])
		}
		r.detected, r.runs = k, of
		out = append(out, r)
	}
	return out, nil
}
