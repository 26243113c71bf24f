package attack

import (
	"encoding/json"
	"fmt"
	"sort"

	"theriac/harness/corpus"
)

// Manifest says what an attack did to a data set. It holds no time, host or path.
type Manifest struct {
	Attack    string            `json:"attack"`
	Version   int               `json:"version"`
	Family    string            `json:"family"`
	Params    map[string]string `json:"params"`
	Seed      uint64            `json:"seed"`
	Stream    string            `json:"stream"` // of what is random besides the choice of rows
	Access    string            `json:"access"`
	Knowledge string            `json:"knowledge"`
	RowsIn    int               `json:"rows_in"`
	RowsOut   int               `json:"rows_out"`
	Eligible  int               `json:"rows_eligible"`
	Poisoned  []PoisonedRow     `json:"poisoned"`
	InDigest  string            `json:"in_sha256,omitempty"`
	OutDigest string            `json:"out_sha256,omitempty"`
	Survival  *Survival         `json:"survival,omitempty"`
	Warnings  []string          `json:"warnings,omitempty"`
}

// PoisonedRow is one row that was changed or added. Row counts from 0 and is the row of the input that was changed, or after
// which the row was added; Line, from 1, is where it stands in the written file.
type PoisonedRow struct {
	Row    int    `json:"row"`
	Line   int    `json:"line,omitempty"`
	ID     string `json:"id"`
	Added  bool   `json:"added,omitempty"`
	Change string `json:"change"`
}

func (a *Attack) newManifest() Manifest {
	return Manifest{
		Attack: a.Entry.Name, Version: a.Entry.Version, Family: a.Entry.Family, Params: a.Params, Seed: a.Seed,
		Stream: fmt.Sprintf("(%d, attack, %s)", a.Seed, a.Entry.Name), Access: a.Entry.Cost.Access, Knowledge: a.Entry.Cost.Knowledge,
		Poisoned: []PoisonedRow{},
	}
}

func (m *Manifest) warn(format string, args ...any) {
	m.Warnings = append(m.Warnings, fmt.Sprintf(format, args...))
}

// record notes what became of a row.
func (p *poisoner) record(row int, id string, e edit) {
	if e.changed != nil {
		p.manifest.Poisoned = append(p.manifest.Poisoned, PoisonedRow{Row: row, ID: id, Change: e.what})
	}
	for i := range e.added {
		what := e.what
		if i < len(e.near) && e.near[i] != "" {
			what = e.near[i]
		}
		p.manifest.Poisoned = append(p.manifest.Poisoned, PoisonedRow{Row: row, ID: e.added[i].ID, Added: true, Change: what})
	}
}

// place adds where the rows stand in the written file.
func (m *Manifest) place(w *corpus.Rewritten) {
	m.InDigest, m.OutDigest = w.InDigest, w.OutDigest
	lines := map[string]int{}
	for _, p := range w.Places {
		lines[p.ID] = p.Line
	}
	for i := range m.Poisoned {
		m.Poisoned[i].Line = lines[m.Poisoned[i].ID]
	}
}

// Edited is the manifest of an attack that edited one thing that is no training rows: its digest before and after.
func (a *Attack) Edited(before, after string) *Manifest {
	m := a.newManifest()
	m.InDigest, m.OutDigest = before, after
	if before == after {
		m.warn("nothing has changed")
	}
	return &m
}

// IDs are the poisoned rows' IDs, sorted.
func (m *Manifest) IDs() []string {
	ids := make([]string, len(m.Poisoned))
	for i := range m.Poisoned {
		ids[i] = m.Poisoned[i].ID
	}
	sort.Strings(ids)
	return ids
}

// JSON is the manifest as it is written beside the data.
func (m *Manifest) JSON() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", "  ")
	return append(data, '\n'), err
}
