package data

// Provenance: which source is anomalous by the other detectors' scores. It takes no part in the verdict; a source that
// only the scanned file has is confounded with the file.

import (
	"cmp"
	"slices"
)

// SourceResult is one source of the scanned rows.
type SourceResult struct {
	Source   string  `json:"source"` // "" where rows name none
	Rows     int     `json:"rows"`
	Findings int     `json:"findings"` // its rows among the worst-ranked twentieth
	Flagged  int     `json:"flagged"`
	Deviance float64 `json:"deviance"` // of its findings against the other sources' share
}

func (s *scan) sources(r *Report) {
	at := map[string]int{}
	for i := range s.pool.Rows {
		if !s.member[i] {
			continue
		}
		name := s.source[i]
		if name == "" {
			name = s.rows[s.from[i]].Source.Dataset
		}
		k, ok := at[name]
		if !ok {
			k = len(r.Sources)
			at[name] = k
			r.Sources = append(r.Sources, SourceResult{Source: name})
		}
		r.Sources[k].Rows++
	}
	worst := min(len(r.Ranked), max(1, r.Scanned/20))
	for i, f := range r.Ranked {
		name := f.Source
		if name == "" {
			name = f.Dataset
		}
		k := at[name]
		if i < worst {
			r.Sources[k].Findings++
		}
		if f.Flagged {
			r.Sources[k].Flagged++
		}
	}
	for k := range r.Sources {
		v := &r.Sources[k]
		v.Deviance = deviance(v.Findings, worst, float64(v.Rows)/float64(r.Scanned))
	}
	slices.SortStableFunc(r.Sources, func(a, b SourceResult) int {
		return cmp.Or(cmp.Compare(b.Deviance, a.Deviance), cmp.Compare(a.Source, b.Source))
	})
}
