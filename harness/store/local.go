package store

// What stays on this machine: how long things took and what models said.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// Timing is how long a stage of a run took, or how it ended for a reason of this
// machine (out of memory, disk full).
type Timing struct {
	Stage   string  `json:"stage"`
	Seconds float64 `json:"seconds"`
	Detail  string  `json:"detail,omitempty"`
}

// Output is what a model said to an item.
type Output struct{ Suite, Item, Text string }

var outputCols = []col[Output]{
	{"suite", false, func(o *Output) any { return &o.Suite }},
	{"item", false, func(o *Output) any { return &o.Item }},
	{"text", false, func(o *Output) any { return &o.Text }},
}

var outputSchema = func() *arrow.Schema {
	var fields []arrow.Field
	for i := range outputCols {
		fields = append(fields, outputCols[i].field())
	}
	meta := arrow.NewMetadata([]string{schemaKey}, []string{SchemaVersion})
	return arrow.NewSchema(fields, &meta)
}()

var outputHead = sync.OnceValue(func() []byte { return head(outputSchema) })

// PutTimings adds to timings/RUN.jsonl, an object a line; each attempt at a run adds its own.
func (s *Store) PutTimings(run string, ts []Timing) error {
	if err := s.writable(run); err != nil {
		return err
	}
	path := filepath.Join(s.shards, "timings", run+".jsonl")
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fail(path, err)
	}
	var text bytes.Buffer
	if len(old) > 0 && old[len(old)-1] != '\n' {
		text.WriteByte('\n') // a kill left half a line
	}
	for _, t := range ts {
		line, err := json.Marshal(t)
		if err != nil {
			return fmt.Errorf("run %s: timing %q: %w", run, t.Stage, err)
		}
		text.Write(append(line, '\n'))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fail(path, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return fail(path, err)
	}
	_, err = f.Write(text.Bytes())
	if err != nil {
		f.Truncate(int64(len(old)))
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fail(path, err)
	}
	return nil
}

// Timings returns a run's timings, the oldest first; none is no error.
func (s *Store) Timings(run string) ([]Timing, error) {
	if err := s.writable(run); err != nil {
		return nil, err
	}
	path := filepath.Join(s.shards, "timings", run+".jsonl")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fail(path, err)
	}
	var out []Timing
	for line := range bytes.Lines(data) {
		var t Timing
		if json.Unmarshal(line, &t) == nil { // else half a line
			out = append(out, t)
		}
	}
	return out, nil
}

// PutOutputs stores a run's texts in outputs/RUN.arrow, in place of any that are there.
// Like Put it claims a run that is not claimed.
func (s *Store) PutOutputs(run string, outs []Output) error {
	release, err := s.own(run)
	if err != nil {
		return err
	}
	defer release()
	data, err := encodeOutputs(outs)
	if err != nil {
		return fmt.Errorf("run %s: outputs: %w", run, err)
	}
	path := filepath.Join(s.shards, "outputs", run+".arrow")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fail(path, err)
	}
	return writeWhole(path, filepath.Join(s.shards, "tmp", run), data)
}

func encodeOutputs(outs []Output) ([]byte, error) {
	rows := append([]Output(nil), outs...)
	b := array.NewRecordBuilder(memory.DefaultAllocator, outputSchema)
	defer b.Release()
	for j := range outputCols {
		for i := range rows {
			outputCols[j].clean(&rows[i])
		}
		outputCols[j].write(b.Field(j), rows)
	}
	rec := b.NewRecord()
	defer rec.Release()
	return writeBatch(rec, outputSchema, ipc.WithZstd())
}

// Outputs returns what the model of a run said; the error of none is os.ErrNotExist.
func (s *Store) Outputs(run string) ([]Output, error) {
	if err := s.writable(run); err != nil {
		return nil, err
	}
	path := filepath.Join(s.shards, "outputs", run+".arrow")
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fail(path, err)
	}
	outs, err := decodeOutputs(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: delete it; the run's other results are not concerned", path, err)
	}
	return outs, nil
}

func decodeOutputs(data []byte) (outs []Output, err error) {
	defer caught(&err)
	rec, err := readBatch(data, outputHead(), newBudget(batchBytes))
	if err != nil {
		return nil, err
	}
	n := int(rec.NumRows())
	for i := range outputCols {
		if err := backed(rec.Column(i), n); err != nil {
			return nil, err
		}
	}
	outs = make([]Output, n)
	for i := range outputCols {
		outputCols[i].read(rec.Column(i), 0, outs)
	}
	return outs, nil
}
