package monitor

import (
	"encoding/hex"
	"fmt"

	"theriac/harness/finetune"
)

// Plan is what a run was agreed to be before it began: made from the validated data and specification, to be signed as JSON.
type Plan struct {
	Spec finetune.Spec `json:"spec"` // with its Seed, which decides the order
	Rows []Row         `json:"rows"` // in the order of the data
}

// NewPlan makes the plan of training items under spec.
func NewPlan(spec finetune.Spec, items []finetune.Item) *Plan {
	p := &Plan{Spec: spec}
	for i := range items {
		p.Rows = append(p.Rows, RowOf(&items[i]))
	}
	return p
}

// Digest names a row's content.
type Digest [16]byte

// MarshalText writes hexadecimal digits.
func (d Digest) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(d[:])), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Digest) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(d) {
		return fmt.Errorf("row digest %q: want %d hexadecimal digits", text, 2*len(d))
	}
	copy(d[:], b)
	return nil
}
