package model

// Models as directories that Transformers (4 and 5) and theriac load.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"theriac/harness/model/safetensors"
)

// WriteMerged writes the model with the adapter added to its weights (see Merged) as a new directory: model.safetensors,
// config.json, generation_config.json and, if the model has a tokenizer, tokenizer.json and tokenizer_config.json. A nil adapter converts.
// dtype is "BF16" (also if empty), "F16" or "F32". One tensor at a time is in memory. The directory appears whole or not at
// all; one that exists must be empty.
func WriteMerged(dir string, m *Model, a *Adapter, dtype string) (err error) {
	if dtype == "" {
		dtype = string(safetensors.BF16)
	}
	if _, known := torchTypes[dtype]; !known {
		return fmt.Errorf("cannot write %q weights: want BF16, F16 or F32", dtype)
	}
	merged, err := Merged(m, a)
	if err != nil {
		return err
	}
	dir = filepath.Clean(dir)
	if err := vacant(dir); err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return err
	}
	tmp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+".part-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	part := filepath.Join(tmp, "model")
	if err := os.Mkdir(part, 0o777); err != nil {
		return err
	}
	if err := merged.write(part, safetensors.DType(dtype)); err != nil {
		return err
	}
	if err := vacant(dir); err != nil { // still
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(part, dir)
}

// vacant says whether a directory may be written at the path.
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s: want a new directory: %w", dir, err)
	case len(entries) > 0:
		return fmt.Errorf("%s exists and is not empty; name a new directory", dir)
	}
	return nil
}

func (m *Model) write(dir string, dtype safetensors.DType) error {
	files, err := m.files(dtype)
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(filepath.Join(dir, "model.safetensors"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := m.writeWeights(f, dtype); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

func (m *Model) writeWeights(f *os.File, dtype safetensors.DType) error {
	w := bufio.NewWriter(f)
	tensors := m.Config.Tensors()
	shapes := map[string][]int{}
	largest := 0
	for _, t := range tensors {
		shapes[t.Name] = t.Shape
		largest = max(largest, size(t.Shape))
	}
	buf := make([]float32, largest)
	err := safetensors.Stream(w, tensors, map[string]string{"format": "pt"}, dtype, func(name string) ([]float32, error) {
		x := buf[:size(shapes[name])]
		if err := m.Tensor(name, x); err != nil {
			return nil, err
		}
		return x, nil
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

// files are the directory's small files by name.
func (m *Model) files(dtype safetensors.DType) (map[string][]byte, error) {
	config, err := m.original("config.json")
	if err != nil {
		return nil, err
	}
	generation, err := m.original("generation_config.json")
	if err != nil {
		return nil, err
	}
	config = m.Config.json(config, torchTypes[string(dtype)])
	if generation == nil {
		generation = map[string]any{}
		for _, k := range []string{"bos_token_id", "eos_token_id"} {
			if v := config[k]; v != nil {
				generation[k] = v
			}
		}
	}
	files := map[string][]byte{}
	if files["config.json"], err = indented(config); err != nil {
		return nil, err
	}
	if files["generation_config.json"], err = indented(generation); err != nil {
		return nil, err
	}
	tokenizer, config, err := m.tokenizerFiles()
	if err != nil || tokenizer == nil {
		return files, err
	}
	files["tokenizer.json"] = tokenizer
	files["tokenizer_config.json"], err = indented(config)
	return files, err
}

// original is a JSON file of the directory that the model came from; nil if there is none.
func (m *Model) original(name string) (map[string]any, error) {
	if st, err := os.Stat(m.path); m.path == "" || err != nil || !st.IsDir() {
		return nil, nil
	}
	data, err := os.ReadFile(filepath.Join(m.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	out := map[string]any{}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber() // as they are written
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", m.path, name, err)
	}
	return out, nil
}

// indented is JSON as Transformers writes it: keys in order, no HTML escapes.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}
