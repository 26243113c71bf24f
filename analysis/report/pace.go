package report

import (
	_ "embed"
	"encoding/csv"
	"slices"
	"strings"
)

// paceText is what `make bench-levels` measured and wrote: seconds of one core that a run of the embedded model's study takes, and what each
// level's detectors take beside it.
//
//go:embed pace.csv
var paceText string

// embedded are the profiles whose runs were timed.
var embedded = []string{"demo", "study"}

// pace is the seconds of one core of a run ("run") or of a level's detectors; ok is false where this profile's were not timed.
func (r *renderer) pace(what string) (seconds float64, ok bool) {
	if !slices.Contains(embedded, r.in.Profile) {
		return 0, false
	}
	rows, err := csv.NewReader(strings.NewReader(paceText)).ReadAll()
	if err != nil {
		return 0, false
	}
	for _, row := range rows {
		if len(row) == 2 && row[0] == what {
			seconds, err = atof(row[1])
			return seconds, err == nil
		}
	}
	return 0, false
}
