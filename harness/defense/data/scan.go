package data

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"theriac/harness/corpus"
	"theriac/harness/defense"
)

// Options of a scan.
type Options struct {
	Reference []corpus.Example // rows known to be clean, drawn as the scanned ones would be; nil: none
	Clean     *Calibration     // what clean files of this size score, for a verdict without a reference; nil: none
	Model     *Model           // for detectors that need a language model; nil: they are not run
	Detectors []string         // names; nil: all that can run
	Alpha     float64          // joint level of "flagged"; 0 is .01
	Seed      uint64           // of the permutations
	// Step says which detector is at work; may be nil.
	Step func(what string)
}

// Report is what a scan found.
type Report struct {
	Verdict   defense.Verdict  `json:"verdict"`
	Why       string           `json:"why"`
	Alpha     float64          `json:"alpha"`
	Scanned   int              `json:"rows"`
	Reference int              `json:"reference_rows"`
	Clean     int              `json:"clean_files,omitempty"` // of the calibration
	P         float64          `json:"p,omitempty"`           // conformal, of all detectors together; with a calibration
	Blocks    int              `json:"blocks"`                // sources within which membership was permuted; 0: rows freely
	Detectors []DetectorResult `json:"detectors"`
	Sources   []SourceResult   `json:"sources"`
	Batches   []SourceResult   `json:"batches,omitempty"` // the same by the field "batch", where rows have one
	Ranked    []RowResult      `json:"findings"`          // worst first; rows with nothing to say are left out
	Coverage  Coverage         `json:"coverage"`
}

// DetectorResult is a detector's run-level answer.
type DetectorResult struct {
	Name      string  `json:"name"`
	Version   int     `json:"version"`
	Score     float64 `json:"score"`                // with a reference the largest deviance of a group, else the largest weight
	P         float64 `json:"p,omitempty"`          // its own: by permutation with a reference, conformal with a calibration
	AdjustedP float64 `json:"adjusted_p,omitempty"` // jointly with the others
	Groups    int     `json:"groups"`
	Reason    string  `json:"reason,omitempty"` // of the group that gave the score
	Rows      []int   `json:"rows,omitempty"`   // scanned rows of that group, 0-based, at most 20
}

// RowResult is one row's finding.
type RowResult struct {
	Row     int      `json:"row"`          // 0-based, as Source.Row
	Index   int      `json:"-"`            // in the slice that was scanned
	ID      string   `json:"id,omitempty"` // what a review names; filled by whoever knows it
	Dataset string   `json:"dataset"`
	Source  string   `json:"source,omitempty"`
	Score   float64  `json:"score"`
	P       float64  `json:"p,omitempty"` // the smallest joint p of its groups; with a reference
	Flagged bool     `json:"flagged"`
	Reasons []string `json:"reasons"`
	Twins   []int    `json:"twins,omitempty"` // other scanned rows of its worst group, at most 10
	Text    string   `json:"text"`
	Words   []Word   `json:"odd_words,omitempty"` // of its prompt, of the worst rows, with a language model
}

// Coverage says what was and was not examined.
type Coverage struct {
	Long     int      `json:"rows_cut"`      // rows of which only a part was examined
	Empty    int      `json:"rows_empty"`    // rows without prompt and answer words
	NotRun   []string `json:"not_run"`       // detectors, with the reason
	BadRows  int      `json:"rows_not_read"` // filled by whoever read the file
	Examined []string `json:"examined"`
}

// Scan looks at rows. The rows' order, IDs and labels do not matter. ctx ends it between detectors.
func Scan(ctx context.Context, rows []corpus.Example, opt Options) (*Report, error) {
	if opt.Alpha == 0 {
		opt.Alpha = .01
	}
	if !(opt.Alpha > 0 && opt.Alpha < 1) {
		return nil, fmt.Errorf("scan: alpha %v: want a fraction between 0 and 1", opt.Alpha)
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("scan: %w", corpus.ErrEmpty)
	}
	if opt.Clean != nil {
		if err := opt.Clean.fits(len(rows), opt.Reference != nil); err != nil {
			return nil, err
		}
	}
	all := append(defense.Blind(rows), defense.Blind(opt.Reference)...)
	for i := range all {
		all[i].Source.Row, all[i].Source.Digest = 0, ""
	}
	pool, from, _ := newPool(all, opt.Model)
	found, err := look(ctx, pool, opt)
	if err != nil {
		return nil, err
	}
	s := &scan{rows: rows, opt: opt, pool: pool, from: from, found: found, member: make([]bool, len(from))}
	s.source = make([]string, len(from))
	for i, at := range from {
		s.member[i] = int(at) < len(rows)
		s.source[i] = sourceOf(&all[at])
	}
	return s.report()
}

// look runs the detectors.
func look(ctx context.Context, pool *Pool, opt Options) ([]evidence, error) {
	detectors, err := choose(opt.Detectors, len(opt.Reference) > 0, opt.Model != nil)
	if err != nil {
		return nil, err
	}
	var out []evidence
	for _, d := range detectors {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if opt.Step != nil {
			opt.Step(d.Name)
		}
		groups, err := d.groups(pool)
		if err != nil {
			return nil, fmt.Errorf("detector %s: %w", d.Name, err)
		}
		out = append(out, evidence{entry: d.Entry, groups: groups})
	}
	return out, nil
}

// sourceOf is what a row says of its origin in a field of its own, or ""; the file it lies in is none, and a batch that the reference
// has not is confounded with the file.
func sourceOf(e *corpus.Example) string { return field(e, "source", "dataset", "provenance") }

// batchOf is the delivery that a row says it came with, or "".
func batchOf(e *corpus.Example) string { return field(e, "batch") }

// field is the first unknown field of one of those names that holds text or a number.
func field(e *corpus.Example, names ...string) string {
	for _, f := range e.Extra {
		if !slices.Contains(names, f.Key) {
			continue
		}
		var s string
		if json.Unmarshal(f.Raw, &s) == nil && s != "" {
			return s
		}
		var n json.Number
		if json.Unmarshal(f.Raw, &n) == nil && n != "" {
			return n.String()
		}
	}
	return ""
}

type scan struct {
	rows   []corpus.Example
	opt    Options
	pool   *Pool
	from   []int32 // pool row -> index in rows, or beyond
	member []bool
	source []string
	found  []evidence
	test   permutation
}

func (s *scan) report() (*Report, error) {
	r := &Report{Alpha: s.opt.Alpha, Scanned: len(s.rows), Reference: len(s.opt.Reference)}
	reference := r.Reference > 0
	if reference {
		var block []int
		block, r.Blocks = strata(s.source, s.member)
		var err error
		if s.test, err = contrast(s.found, s.member, block, s.opt.Alpha, s.opt.Seed); err != nil {
			return nil, err
		}
	}
	flagged := s.detectors(r, reference)
	s.rank(r, reference)
	if s.opt.Model != nil {
		if err := s.onion(r); err != nil {
			return nil, err
		}
	}
	s.coverage(r)
	switch least := 1 / float64(Permutations+1); {
	case !reference && s.opt.Clean != nil:
		if err := s.opt.Clean.judge(r); err != nil {
			return nil, err
		}
	case !reference:
		r.Verdict = defense.Inconclusive
		r.Why = "no reference: nothing says how much of this is ordinary; give --reference with rows known to be clean, or --calibration"
	case len(s.opt.Reference) < 20 || r.Scanned < 20:
		r.Verdict = defense.Inconclusive
		r.Why = fmt.Sprintf("%d rows against %d reference rows: want at least 20 of each", r.Scanned, r.Reference)
	case least > s.opt.Alpha:
		r.Verdict = defense.Inconclusive
		r.Why = fmt.Sprintf("%d permutations cannot reach p <= %v", Permutations, s.opt.Alpha)
	case len(flagged) > 0:
		r.Verdict = defense.Flagged
		r.Why = fmt.Sprintf("at joint p <= %v by %s", s.opt.Alpha, strings.Join(flagged, ", "))
	default:
		r.Verdict = defense.NothingFound
		r.Why = fmt.Sprintf("no detector differs from the reference at joint p <= %v", s.opt.Alpha)
	}
	if r.Verdict == defense.Inconclusive {
		for i := range r.Ranked {
			r.Ranked[i].Flagged = false
		}
	}
	s.sources(r)
	return r, nil
}

func (s *scan) detectors(r *Report, reference bool) (flagged []string) {
	for d := range s.found {
		e := &s.found[d]
		out := DetectorResult{Name: e.entry.Name, Version: e.entry.Version, Groups: len(e.groups)}
		best := -1
		for g := range e.groups {
			v := e.groups[g].Weight
			if reference {
				v = e.observed[g]
			}
			if v > out.Score {
				out.Score, best = v, g
			}
		}
		if reference {
			out.P, out.AdjustedP = s.test.family.P[d], s.test.family.Adjusted[d]
			if s.test.family.Rejected[d] {
				flagged = append(flagged, out.Name)
			}
		}
		if best >= 0 {
			out.Reason = e.groups[best].Reason
			out.Rows = s.numbers(e.groups[best].Rows, -1, 20)
		}
		r.Detectors = append(r.Detectors, out)
	}
	return flagged
}

// numbers are the row numbers of scanned pool rows, ascending, without one of them.
func (s *scan) numbers(rows []int32, without int32, most int) (out []int) {
	for _, i := range rows {
		if s.member[i] && i != without {
			out = append(out, s.rows[s.from[i]].Source.Row)
		}
	}
	slices.Sort(out)
	return out[:min(len(out), most)]
}

type claim struct {
	d, g  int
	score float64
	p     float64
}

// rank orders scanned rows. With a reference a row's score is its best group's standardised deviance times the share of that group which the
// reference does not explain; without one it is the reciprocal rank fusion (G. Cormack et al., SIGIR 2009) of the detectors' rankings by weight.
func (s *scan) rank(r *Report, reference bool) {
	claims := make([][]claim, len(s.pool.Rows))
	odds := shareOf(s.member)
	odds /= max(1e-12, 1-odds)
	for d := range s.found {
		e := &s.found[d]
		best := map[int32]claim{}
		for g := range e.groups {
			rows := e.groups[g].Rows
			c := claim{d: d, g: g, score: e.groups[g].Weight, p: 1}
			if reference {
				x := 0
				for _, i := range rows {
					if s.member[i] {
						x++
					}
				}
				excess := 1 - float64(len(rows)-x)*odds/float64(max(1, x))
				if s.test.scale[d] == 0 || excess <= 0 {
					continue
				}
				c.score = (e.observed[g] - s.test.centre[d]) / s.test.scale[d] * excess
				c.p = e.p[g]
				if excess < .9 { // a group that is mostly ordinary convicts no row
					c.p = 1
				}
			}
			if c.score <= 0 {
				continue
			}
			for _, i := range rows {
				if b, ok := best[i]; s.member[i] && (!ok || c.score > b.score) {
					best[i] = c
				}
			}
		}
		if !reference {
			fuse(best)
		}
		for i := range s.pool.Rows {
			if c, ok := best[int32(i)]; ok {
				claims[i] = append(claims[i], c)
			}
		}
	}
	for i, list := range claims {
		if len(list) == 0 {
			continue
		}
		slices.SortStableFunc(list, func(a, b claim) int { return cmp.Compare(b.score, a.score) })
		ex := &s.rows[s.from[i]]
		out := RowResult{Row: ex.Source.Row, Index: int(s.from[i]), Dataset: ex.Source.Dataset, Source: s.source[i], Text: quote(ex.Prompt()+" -> "+ex.Output(), 120), P: 1}
		for k, c := range list {
			if reference {
				out.Score = max(out.Score, c.score)
			} else {
				out.Score += c.score
			}
			out.P = min(out.P, c.p)
			if k < 3 {
				e := &s.found[c.d]
				out.Reasons = append(out.Reasons, e.entry.Name+": "+e.groups[c.g].Reason)
			}
		}
		out.Flagged = reference && out.P <= s.opt.Alpha
		if !reference {
			out.P = 0
		}
		c := list[0]
		out.Twins = s.numbers(s.found[c.d].groups[c.g].Rows, int32(i), 10)
		r.Ranked = append(r.Ranked, out)
	}
	slices.SortStableFunc(r.Ranked, func(a, b RowResult) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Index, b.Index))
	})
}

// fuse turns weights into 1 / (60 + rank), equal weights in one rank.
func fuse(best map[int32]claim) {
	var weights []float64
	for _, c := range best {
		weights = append(weights, c.score)
	}
	slices.SortFunc(weights, func(a, b float64) int { return cmp.Compare(b, a) })
	rank := map[float64]int{}
	for i, w := range weights {
		if _, ok := rank[w]; !ok {
			rank[w] = i + 1
		}
	}
	for i, c := range best {
		c.score = 1 / float64(60+rank[c.score])
		best[i] = c
	}
}

func (s *scan) coverage(r *Report) {
	for i := range s.pool.Rows {
		if !s.member[i] {
			continue
		}
		row := &s.pool.Rows[i]
		if len(row.PromptWords) == maxWords || len(row.OutputWords) == maxWords || len(row.Prompt) > maxBytes || len(row.Output) > maxBytes {
			r.Coverage.Long++
		}
		if len(row.PromptWords)+len(row.OutputWords) == 0 {
			r.Coverage.Empty++
		}
	}
	for _, d := range catalogue {
		ran := slices.ContainsFunc(s.found, func(e evidence) bool { return e.entry.Name == d.Name })
		switch {
		case ran:
			r.Coverage.Examined = append(r.Coverage.Examined, d.Name)
		case d.Needs == NeedsBase && s.opt.Model == nil:
			r.Coverage.NotRun = append(r.Coverage.NotRun, d.Name+": needs a language model (--base)")
		case d.Needs == NeedsReference && r.Reference == 0:
			r.Coverage.NotRun = append(r.Coverage.NotRun, d.Name+": needs a reference (--reference)")
		default:
			r.Coverage.NotRun = append(r.Coverage.NotRun, d.Name+": not asked for")
		}
	}
}
