package monitor

// A trace as a file: a line that names the format, the length and JSON of the header, columns of little-endian numbers whose
// lengths follow from the header, and the SHA-256 of all that.

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"github.com/google/renameio/v2"
)

const magic = "theriac/trace/1\n"

// header has what the columns' lengths follow from.
type header struct {
	Rows, Steps, Visits int
	Matrices            []Matrix
	Canaries            []Canary
	Modules             []Module
	Checkpoints         int
	Params, Read        int64
	Stopped             string `json:",omitempty"`
}

// Encode gives the trace's bytes: the same trace, the same bytes.
func (t *Trace) Encode() ([]byte, error) {
	h, err := json.Marshal(header{len(t.Rows), len(t.Steps), len(t.Visits), t.Matrices, t.Canaries, t.Modules, len(t.Checkpoints), t.Params, t.Read, t.Stopped})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(magic)
	binary.Write(&b, binary.LittleEndian, uint32(len(h)))
	b.Write(h)
	for _, column := range []any{t.Rows, t.Steps, t.Visits, t.Features} {
		if err := binary.Write(&b, binary.LittleEndian, column); err != nil {
			return nil, err
		}
	}
	for _, c := range t.Checkpoints {
		binary.Write(&b, binary.LittleEndian, c.Step)
		for i := range t.Canaries {
			binary.Write(&b, binary.LittleEndian, c.Values[i])
			binary.Write(&b, binary.LittleEndian, c.Outputs[i])
		}
		for i := range t.Modules {
			binary.Write(&b, binary.LittleEndian, c.Spectra[i])
		}
	}
	sum := sha256.Sum256(b.Bytes())
	b.Write(sum[:])
	return b.Bytes(), nil
}

// Digest names the trace's content, hex.
func (t *Trace) Digest() (string, error) {
	b, err := t.Encode()
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(b[len(b)-sha256.Size:]), nil
}

// Write writes the trace; an existing file is replaced as a whole.
func (t *Trace) Write(path string) error {
	b, err := t.Encode()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return renameio.WriteFile(path, b, 0o666)
}

// Read reads a trace that Write wrote.
func Read(path string) (*Trace, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := Decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; delete it and train again", path, err)
	}
	return t, nil
}

// Decode is the inverse of Encode.
func Decode(b []byte) (*Trace, error) {
	if len(b) < len(magic)+4+sha256.Size || string(b[:len(magic)]) != magic {
		return nil, fmt.Errorf("not a trace of this version (%q)", magic[:len(magic)-1])
	}
	body, sum := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(want[:], sum) {
		return nil, fmt.Errorf("the trace is damaged: its digest does not match")
	}
	body = body[len(magic):]
	n := int64(binary.LittleEndian.Uint32(body))
	if body = body[4:]; n > int64(len(body)) {
		return nil, fmt.Errorf("the trace's header claims %d bytes of %d", n, len(body))
	}
	var h header
	if err := json.Unmarshal(body[:n], &h); err != nil {
		return nil, fmt.Errorf("the trace's header: %w", err)
	}
	size, err := h.size()
	if body = body[n:]; err == nil && size != int64(len(body)) {
		err = fmt.Errorf("the trace has %d bytes of numbers, its header wants %d", len(body), size)
	}
	if err != nil {
		return nil, err
	}
	t := h.empty()
	r := bytes.NewReader(body)
	for _, column := range []any{t.Rows, t.Steps, t.Visits, t.Features} {
		if err := binary.Read(r, binary.LittleEndian, column); err != nil {
			return nil, err
		}
	}
	for i := range t.Checkpoints {
		c := &t.Checkpoints[i]
		binary.Read(r, binary.LittleEndian, &c.Step)
		for j := range c.Values {
			binary.Read(r, binary.LittleEndian, c.Values[j])
			binary.Read(r, binary.LittleEndian, c.Outputs[j])
		}
		for j := range c.Spectra {
			binary.Read(r, binary.LittleEndian, c.Spectra[j])
		}
	}
	return t, t.check()
}

// size is how many bytes of numbers follow the header.
func (h *header) size() (int64, error) {
	const most = 1 << 28
	point := int64(4) // a checkpoint
	counts := []int{h.Rows, h.Steps, h.Visits, h.Checkpoints}
	for _, m := range h.Matrices {
		counts = append(counts, m.Out, m.Rank)
	}
	for _, c := range h.Canaries {
		counts = append(counts, c.Items)
		point += int64(c.Items) * 8
	}
	for _, m := range h.Modules {
		counts = append(counts, m.Rank)
		point += int64(m.Rank) * 4
	}
	for _, c := range counts {
		if c < 0 || c > most {
			return 0, fmt.Errorf("the trace's header has a count of %d", c)
		}
	}
	if len(h.Matrices) > 1<<16 || point > 1<<32 {
		return 0, fmt.Errorf("the trace's header is out of range")
	}
	of := func(v any) int64 { return int64(binary.Size(v)) }
	return int64(h.Rows)*of(Row{}) + int64(h.Steps)*of(Step{}) + int64(h.Visits)*(of(Visit{})+int64(len(h.Matrices))*of(Feature{})) + int64(h.Checkpoints)*point, nil
}

// empty is a trace of the header's shape.
func (h *header) empty() *Trace {
	t := &Trace{Matrices: h.Matrices, Canaries: h.Canaries, Modules: h.Modules, Params: h.Params, Read: h.Read, Stopped: h.Stopped,
		Rows: make([]Row, h.Rows), Steps: make([]Step, h.Steps), Visits: make([]Visit, h.Visits), Features: make([]Feature, h.Visits*len(h.Matrices)),
		Checkpoints: make([]Checkpoint, h.Checkpoints)}
	for i := range t.Checkpoints {
		c := &t.Checkpoints[i]
		for _, set := range h.Canaries {
			c.Values, c.Outputs = append(c.Values, make([]float32, set.Items)), append(c.Outputs, make([]uint32, set.Items))
		}
		for _, m := range h.Modules {
			c.Spectra = append(c.Spectra, make([]float32, m.Rank))
		}
	}
	return t
}

// check names the first thing that no run could have left.
func (t *Trace) check() error {
	visits := 0
	for i, s := range t.Steps {
		if s.Visits < 0 || int(s.Visits) > len(t.Visits) {
			return fmt.Errorf("step %d of the trace has %d visits", i+1, s.Visits)
		}
		visits += int(s.Visits)
		if !finite(s.Loss, s.LR, s.GradNorm, s.Tampered) {
			return fmt.Errorf("step %d of the trace has a number that is not finite", i+1)
		}
	}
	if visits != len(t.Visits) {
		return fmt.Errorf("the trace's steps have %d visits, there are %d", visits, len(t.Visits))
	}
	for i, r := range t.Rows {
		if r.Tokens < 0 || r.Responses < 0 || r.Responses > r.Tokens {
			return fmt.Errorf("row %d of the trace has %d response tokens of %d", i, r.Responses, r.Tokens)
		}
	}
	for i, v := range t.Visits {
		if v.Item < 0 || int(v.Item) >= len(t.Rows) || !finite(float64(v.Loss), float64(v.Weight)) {
			return fmt.Errorf("visit %d of the trace: row %d, loss %g: out of range", i, v.Item, v.Loss)
		}
	}
	for i := range t.Features {
		if f := &t.Features[i]; !finite(float64(f.Norm), float64(f.Cosine), float64(f.Entropy)) {
			return fmt.Errorf("feature %d of the trace is not finite", i)
		}
	}
	for i, c := range t.Checkpoints {
		for _, list := range append(c.Values[:len(c.Values):len(c.Values)], c.Spectra...) {
			for _, v := range list {
				if !finite(float64(v)) {
					return fmt.Errorf("checkpoint %d of the trace has a number that is not finite", i)
				}
			}
		}
	}
	return nil
}

func finite(values ...float64) bool {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
