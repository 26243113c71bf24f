package main

// Findings that someone has looked at and accepted until a day.

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// acceptance is one line of a review file.
type acceptance struct {
	row   string // ID, as the scan prints it
	until time.Time
}

// readReview reads accepted findings; "" has none.
func readReview(path string) (all []acceptance, err error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	in.Buffer(nil, 1<<20)
	for line := 1; in.Scan(); line++ {
		if strings.TrimSpace(in.Text()) == "" {
			continue
		}
		var e struct{ Row, Reason, Expires string }
		d := json.NewDecoder(strings.NewReader(in.Text()))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
		until, err := time.Parse(time.DateOnly, e.Expires)
		if err != nil || e.Row == "" || e.Reason == "" {
			return nil, fmt.Errorf("%s:%d: want row, reason and expires (YYYY-MM-DD)", path, line)
		}
		all = append(all, acceptance{e.Row, until})
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return all, nil
}

// review counts accepted findings, those whose day has passed, and those of no finding.
func (r *scanReport) review(all []acceptance, now time.Time) {
	found := map[string]bool{}
	for _, x := range r.Ranked {
		found[x.ID] = true
	}
	for _, e := range all {
		switch {
		case now.After(e.until.AddDate(0, 0, 1)):
			r.Expired++
		case found[e.row]:
			r.Accepted++
		default:
			r.Unmatched++
		}
	}
}
