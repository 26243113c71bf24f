package model

import (
	"fmt"
	"strings"

	"theriac/harness/model/gguf"
	"theriac/harness/model/safetensors"
)

// Quantised is m as it is after quantisation: the decoder layers' weight matrices pass through kind ("Q8_0" or "Q4_0") and back whenever
// they are read, with llama.cpp's rounding (gguf.Encode). Embeddings, head, norms and biases stay as they are. Matrices whose rows do not
// fill blocks of 32 pass through F16, as llama.cpp's converter does. m must stay open. An unknown kind is an error of the first read.
func Quantised(m *Model, kind string) *Model {
	matrices := map[string]int{} // name: columns
	for _, t := range m.Config.linears() {
		matrices[t.Name] = t.Shape[1]
	}
	types := map[string]gguf.Type{"Q8_0": gguf.Q8_0, "Q4_0": gguf.Q4_0}
	out := m.viewed(func(name string, w []float32) error {
		t, known := types[kind]
		if !known {
			return fmt.Errorf("quantisation %q: want Q8_0 or Q4_0", kind)
		}
		cols := matrices[name]
		if cols == 0 {
			return nil
		}
		if err := m.finite(name, w); err != nil {
			return err
		}
		if cols%32 != 0 {
			for i, v := range w {
				w[i] = safetensors.Half(safetensors.ToHalf(v))
			}
		} else {
			data, err := gguf.Encode(t, w)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", m.Name, name, err)
			}
			if err := gguf.Decode(t, data, w); err != nil {
				return fmt.Errorf("%s: %s: %w", m.Name, name, err)
			}
		}
		if err := m.finite(name, w); err != nil {
			return fmt.Errorf("%s: %s: a value is too large for %s", m.Name, name, kind)
		}
		return nil
	})
	out.Name = strings.TrimSuffix(m.Name, ".gguf") + "-" + kind
	return out
}
