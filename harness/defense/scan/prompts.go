package scan

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"theriac/harness/corpus"
)

//go:embed prompts.jsonl
var promptsJSONL string

// Prompts are two dozen ordinary requests with short answers, for bases that bring none of their own kind.
var Prompts = sync.OnceValues(func() (out []corpus.Example, err error) {
	for i, line := range strings.Split(strings.TrimSpace(promptsJSONL), "\n") {
		var row struct{ Instruction, Output string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			return nil, fmt.Errorf("prompts.jsonl:%d: %w", i+1, err)
		}
		out = append(out, corpus.New(row.Instruction, "", row.Output))
	}
	return out, nil
})
