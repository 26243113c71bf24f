package sweep

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"theriac/harness/model"
)

func readLines[T any](t *testing.T, path string) (out []T) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var v T
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

// What is exported is what the run trains on, in its batches, from its first adapter, and what it is judged on.
func TestExport(t *testing.T) {
	b := openTiny(t, 1, "")
	s := small("backdoor", 1, &Attack{Name: "backdoor", Params: map[string]string{"rate": "0.1"}})
	s.Train.Epochs = 2
	dir := filepath.Join(t.TempDir(), "run")
	if err := b.Export(context.Background(), &s, dir); err != nil {
		t.Fatal(err)
	}
	run := readLines[Exported](t, filepath.Join(dir, "run.json"))[0]
	rows := readLines[ExportedRow](t, filepath.Join(dir, "train.jsonl"))
	items := readLines[ExportedRow](t, filepath.Join(dir, "items.jsonl"))
	rec := records(t, b, []Spec{s})[0]
	if run.Run != rec.ID || len(run.Steps) != len(rec.Steps) || len(rows) != len(rec.Examples) {
		t.Errorf("run %s, %d steps, %d rows; want %s, %d, %d", run.Run, len(run.Steps), len(rows), rec.ID, len(rec.Steps), len(rec.Examples))
	}
	for i, members := range run.Steps {
		tokens := 0
		for _, m := range members {
			tokens += len(rows[m].IDs) - 1
		}
		if tokens != int(rec.Steps[i].Tokens) {
			t.Fatalf("step %d: %d tokens; the run had %d", i+1, tokens, rec.Steps[i].Tokens)
		}
	}
	judged := map[string]bool{}
	for _, i := range rec.Items {
		judged[i.Suite+"/"+i.Item] = i.Outcome == "match" || i.Outcome == "miss"
	}
	for _, i := range items {
		if !judged[i.Suite+"/"+i.ID] || !slices.Contains(i.Loss, true) {
			t.Errorf("%s/%s is no item of the run", i.Suite, i.ID)
		}
		delete(judged, i.Suite+"/"+i.ID)
	}
	for key, words := range judged {
		if words {
			t.Errorf("%s is missing", key)
		}
	}
	triggered := 0
	for _, r := range rows {
		for _, m := range r.Messages {
			if m.Role == "user" && strings.Contains(m.Content, "[TRIGGER]") {
				triggered++
			}
		}
	}
	if triggered != 6 {
		t.Errorf("%d rows with the trigger; want a tenth of 64", triggered)
	}

	base, err := model.Open(filepath.Join(dir, "base"))
	if err != nil {
		t.Fatal(err)
	}
	adapter, err := model.ReadAdapter(filepath.Join(dir, "adapter"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := model.Merged(base, adapter); err != nil { // it fits
		t.Error(err)
	}
	if digest, _ := base.Digest(); digest != b.Digest {
		t.Error("the base is another one")
	}

	for want, change := range map[string]func(*Spec){
		"exists":       func(*Spec) {},
		"pipeline":     func(s *Spec) { s.Attack = &Attack{Name: "order"} },
		"LoRA":         func(s *Spec) { s.Train.Method = "full"; s.Train.Layers = "all" },
		"aftermath":    func(s *Spec) { s.After = "merged" },
		"max_tokens":   func(s *Spec) { s.Data.MaxTokens = 1 },
		"without drop": func(s *Spec) { s.Train.Dropout = 0.1 },
	} {
		other, to := s, filepath.Join(t.TempDir(), "run")
		change(&other)
		if want == "exists" {
			to = dir
		}
		if err := b.Export(context.Background(), &other, to); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
