package sweep

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"theriac/harness/corpus"
	"theriac/harness/evaluate"
	"theriac/harness/finetune"
	"theriac/harness/model"
	"theriac/harness/store"
)

// A run for another implementation: everything that decides it, in formats that others read, so that they train the same model on the
// same batches from the same start and judge it on the same items.

// Exported is the run.json of an exported run.
type Exported struct {
	Run   string        `json:"run"` // its ID
	Arm   string        `json:"arm"`
	Seed  uint64        `json:"seed"`
	Spec  []store.Field `json:"spec"`
	Train finetune.Spec `json:"train"`
	Steps [][]int       `json:"steps"` // rows of each optimiser step, from 0
}

// ExportedRow is a line of train.jsonl or items.jsonl.
type ExportedRow struct {
	Suite    string    `json:"suite,omitempty"` // of an item: clean, triggered, untriggered, near
	ID       string    `json:"id"`
	Messages []message `json:"messages,omitempty"` // of a row that was not cut
	IDs      []int32   `json:"ids"`
	Loss     []bool    `json:"loss"` // whether the token is one of the response
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Export writes a run into dir, which must not exist: base/ (float32 safetensors, as Transformers reads them), adapter/ (LoRA before its
// first step, as PEFT reads it), run.json, train.jsonl and items.jsonl. Runs whose attack or defense acts on the training itself, or that are
// not LoRA, have no counterpart elsewhere and are an error.
func (b *Bench) Export(ctx context.Context, s *Spec, dir string) error {
	if err := s.Check(); err != nil {
		return err
	}
	if s.Untrained || s.Train.Method != "lora" || s.Train.Dropout > 0 || s.Prevent != nil || s.After != "" {
		return fmt.Errorf("%s: want a LoRA run without dropout, prevention or aftermath", s.String())
	}
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("%s exists; name another directory", dir)
	}
	_, id, err := b.Keys(s)
	if err != nil {
		return err
	}
	r := &run{bench: b, spec: s, dev: b.dev, chat: b.Chat, rec: &store.Record{}}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if r.attack != nil {
		if t := r.attack.Tamper(); t.Rows != nil || t.Spec != nil || t.Hooks != nil || t.Adapter != nil || t.Template != nil {
			return fmt.Errorf("%s: the attack %s acts on the pipeline, not on the rows alone", s.String(), s.Attack.Name)
		}
	}
	spec := s.Train
	spec.Seed = s.Seed
	start, err := finetune.New(b.dev, b.Base, spec, r.items, nil, finetune.Hooks{})
	if err != nil {
		return err
	}
	if err := model.WriteMerged(filepath.Join(dir, "base"), b.Base.Model, nil, "F32"); err != nil {
		return err
	}
	if err := start.Delta.Adapter().Write(filepath.Join(dir, "adapter")); err != nil {
		return err
	}
	items, err := r.exportedItems()
	if err != nil {
		return err
	}
	if err := writeLines(filepath.Join(dir, "items.jsonl"), items); err != nil {
		return err
	}
	if err := writeLines(filepath.Join(dir, "train.jsonl"), r.exportedRows()); err != nil {
		return err
	}
	out := Exported{Run: id, Arm: s.Arm, Seed: s.Seed, Spec: b.fields(s), Train: spec, Steps: spec.Steps(len(r.items))}
	return writeLines(filepath.Join(dir, "run.json"), []Exported{out})
}

// exportedRows are the rows as they are trained on.
func (r *run) exportedRows() []ExportedRow {
	of := map[string]*corpus.Example{}
	for i := range r.checked {
		of[r.checked[i].ID] = &r.checked[i]
	}
	out := make([]ExportedRow, len(r.items))
	for i, item := range r.items {
		out[i] = ExportedRow{ID: item.ID, IDs: item.IDs, Loss: item.Loss}
		if len(item.IDs) < r.spec.Data.MaxTokens { // certainly whole
			messages, _ := finetune.Messages(of[item.ID])
			for _, m := range messages {
				out[i].Messages = append(out[i].Messages, message(m))
			}
		}
	}
	return out
}

// exportedItems are the items whose answers are compared word for word.
func (r *run) exportedItems() (out []ExportedRow, err error) {
	add := func(s *evaluate.Suite, _ []corpus.Example) ([]evaluate.Outcome, error) {
		if s.Kind == evaluate.Match {
			for _, item := range s.Items() {
				out = append(out, ExportedRow{Suite: s.Name, ID: item.ID, IDs: item.IDs, Loss: item.Loss})
			}
		}
		return nil, nil
	}
	s, err := r.bench.suite(r.chat, &r.spec.Data, CleanItems, r.spec.Data.Clean, evaluate.Match)
	if err != nil {
		return nil, err
	}
	if s != nil {
		add(s, nil)
	}
	if r.probe.Success != "" {
		err = r.success(add)
	}
	return out, err
}

func writeLines[T any](path string, rows []T) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	e := json.NewEncoder(f)
	e.SetEscapeHTML(false)
	for i := range rows {
		if err := e.Encode(&rows[i]); err != nil {
			return err
		}
	}
	return f.Close()
}
