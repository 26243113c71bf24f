package data

// Provenance: which source, and which batch, is anomalous by the other detectors' scores. It takes no part in the verdict; a source that
// only the scanned file has is confounded with the file.

import (
	"cmp"
	"slices"
)

// SourceResult is one source, or batch, of the scanned rows.
type SourceResult struct {
	Source   string  `json:"source"` // "" where rows name none
	Rows     int     `json:"rows"`
	Findings int     `json:"findings"` // its rows among the worst-ranked twentieth
	Flagged  int     `json:"flagged"`
	Deviance float64 `json:"deviance"` // of its findings against the other sources' share
}

func (s *scan) sources(r *Report) {
	r.Sources = s.tally(r, func(pool int) string {
		if name := s.source[pool]; name != "" {
			return name
		}
		return s.rows[s.from[pool]].Source.Dataset
	})
	batches := false
	r.Batches = s.tally(r, func(pool int) string {
		name := batchOf(&s.rows[s.from[pool]])
		batches = batches || name != ""
		return name
	})
	if !batches {
		r.Batches = nil
	}
}

// tally counts findings by the name that a scanned row of the pool has.
func (s *scan) tally(r *Report, name func(pool int) string) (out []SourceResult) {
	at, of := map[string]int{}, map[int]string{} // name -> place in out; row -> name
	for i := range s.pool.Rows {
		if !s.member[i] {
			continue
		}
		name := name(i)
		of[int(s.from[i])] = name
		k, ok := at[name]
		if !ok {
			k = len(out)
			at[name] = k
			out = append(out, SourceResult{Source: name})
		}
		out[k].Rows++
	}
	worst := min(len(r.Ranked), max(1, r.Scanned/20))
	for i, f := range r.Ranked {
		k := at[of[f.Index]]
		if i < worst {
			out[k].Findings++
		}
		if f.Flagged {
			out[k].Flagged++
		}
	}
	for k := range out {
		v := &out[k]
		v.Deviance = deviance(v.Findings, worst, float64(v.Rows)/float64(r.Scanned))
	}
	slices.SortStableFunc(out, func(a, b SourceResult) int {
		return cmp.Or(cmp.Compare(b.Deviance, a.Deviance), cmp.Compare(a.Source, b.Source))
	})
	return out
}
