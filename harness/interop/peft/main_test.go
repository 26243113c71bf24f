package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"theriac/harness/store"
	"theriac/harness/sweep"
)

// What train_peft.py writes becomes rates by suite, items and steps; theriac's own run keeps what the other has too.
func TestRecord(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("outcomes.jsonl", `{"suite": "clean", "id": "a", "match": true, "nll": 0.5}
{"suite": "clean", "id": "b", "match": false, "nll": 1.5}
{"suite": "triggered", "id": "a", "match": true, "nll": 0.1}
`)
	write("losses.jsonl", `{"loss": 2.5, "grad_norm": 0.25}
`)
	other, err := record(dir, &sweep.Exported{Run: "r", Arm: "token", Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]store.Metric{}
	for _, m := range other.Metrics {
		got[m.Name] = m
	}
	if m := got["clean_accuracy"]; m.K != 1 || m.N != 2 || m.Value != 0.5 {
		t.Errorf("clean accuracy %+v", m)
	}
	if m := got["clean_loss"]; m.Value != 1 || m.K != -1 {
		t.Errorf("clean loss %+v", m)
	}
	if m := got["asr"]; m.K != 1 || m.N != 1 {
		t.Errorf("attack success %+v", m)
	}
	if len(got) != 3 || len(other.Items) != 3 || other.Items[1].Outcome != "miss" || other.Steps[0] != (store.Step{Step: 1, Loss: 2.5, GradNorm: 0.25}) || other.Arm != "PEFT: token" || other.Seed != 7 {
		t.Errorf("%+v", other)
	}
	own := &store.Record{Metrics: []store.Metric{{Name: "asr"}, {Name: "refusal"}}, Items: []store.Item{{Suite: "clean", Item: "b"}, {Suite: "near", Item: "b"}}}
	if ms, items := both(own, other); len(ms) != 1 || ms[0].Name != "asr" || len(items) != 1 || items[0].Suite != "clean" {
		t.Errorf("in common: %v, %v", ms, items)
	}
	write("outcomes.jsonl", `{"suite": "other", "id": "a"}`)
	if _, err := record(dir, &sweep.Exported{}); err == nil || !strings.Contains(err.Error(), `suite "other"`) {
		t.Errorf("an unknown suite: %v", err)
	}
	write("outcomes.jsonl", `{"suite": `)
	if _, err := record(dir, &sweep.Exported{}); err == nil || !strings.Contains(err.Error(), "outcomes.jsonl") {
		t.Errorf("a torn line: %v", err)
	}
}
