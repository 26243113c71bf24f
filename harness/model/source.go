package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"theriac/harness/model/gguf"
	"theriac/harness/model/safetensors"
)

// memory is tensors in memory.
type memory map[string]safetensors.Tensor

func (m memory) Close() error { return nil }

func (m memory) names() []string { return slices.Sorted(maps.Keys(m)) }

func (m memory) shape(name string) ([]int, error) {
	t, ok := m[name]
	if ok && size(t.Shape) != len(t.Data) {
		return nil, fmt.Errorf("tensor %s has %d values, its shape %v wants %d", name, len(t.Data), t.Shape, size(t.Shape))
	}
	return t.Shape, nil
}

func (m memory) read(name string, dst []float32) error {
	t, ok := m[name]
	if !ok || len(t.Data) != len(dst) {
		return fmt.Errorf("tensor %s has %d values, want %d", name, len(t.Data), len(dst))
	}
	copy(dst, t.Data)
	return nil
}

// shards is a directory's safetensors files.
type shards struct {
	dir   string
	files []*safetensors.File
	at    map[string]*safetensors.File
}

func openShards(dir string) (*shards, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.safetensors"))
	if err != nil {
		return nil, err
	}
	if index, err := os.ReadFile(filepath.Join(dir, "model.safetensors.index.json")); err == nil {
		if names, err = indexed(dir, index); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	} else if one := filepath.Join(dir, "model.safetensors"); exists(one) {
		names = []string{one}
	}
	if len(names) == 0 {
		if old, _ := filepath.Glob(filepath.Join(dir, "*.bin")); len(old) > 0 {
			return nil, fmt.Errorf("%s: only %s, which would have to be unpickled; convert the model to safetensors", dir, filepath.Base(old[0]))
		}
		return nil, fmt.Errorf("%s: no *.safetensors file", dir)
	}
	s := &shards{dir: dir, at: map[string]*safetensors.File{}}
	for _, n := range names {
		f, err := safetensors.Open(n)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.files = append(s.files, f)
		for _, t := range f.Names() {
			if other := s.at[t]; other != nil {
				s.Close()
				return nil, fmt.Errorf("%s: tensor %s stands in both %s and %s", dir, t, filepath.Base(other.Path), filepath.Base(n))
			}
			s.at[t] = f
		}
	}
	return s, nil
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// indexed lists the files that an index names; they must lie in the directory itself.
func indexed(dir string, data []byte) ([]string, error) {
	var index struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &index); err != nil {
		return nil, fmt.Errorf("%s: model.safetensors.index.json: %w", dir, err)
	}
	seen := map[string]bool{}
	var out []string
	for _, f := range index.Map {
		if f != filepath.Base(f) {
			return nil, fmt.Errorf("%s: the index names %q, which lies elsewhere", dir, f)
		}
		if !strings.HasSuffix(f, ".safetensors") {
			return nil, fmt.Errorf("%s: the index names %q: want .safetensors files", dir, f)
		}
		if !seen[f] {
			seen[f] = true
			out = append(out, filepath.Join(dir, f))
		}
	}
	sort.Strings(out)
	return out, nil
}

func (s *shards) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

func (s *shards) names() []string { return slices.Sorted(maps.Keys(s.at)) }

func (s *shards) shape(name string) ([]int, error) {
	if f := s.at[name]; f != nil {
		return f.Info(name).Shape, nil
	}
	return nil, nil
}

func (s *shards) read(name string, dst []float32) error {
	f := s.at[name]
	if f == nil {
		return fmt.Errorf("%s: no tensor %s", s.dir, name)
	}
	return f.Read(name, dst)
}

// ggufSource renames GGUF's tensors and undoes the permutation of q and k that its Llama converter makes.
type ggufSource struct {
	f *gguf.File
	c Config
}

func (g *ggufSource) Close() error { return g.f.Close() }

// ggufParts are the names of GGUF and of Hugging Face.
var ggufParts = [][2]string{
	{"token_embd", "model.embed_tokens"}, {"output_norm", "model.norm"}, {"output", "lm_head"},
	{"blk.", "model.layers."}, {"attn_norm", "input_layernorm"}, {"ffn_norm", "post_attention_layernorm"},
	{"attn_q_norm", "self_attn.q_norm"}, {"attn_k_norm", "self_attn.k_norm"},
	{"attn_q", "self_attn.q_proj"}, {"attn_k", "self_attn.k_proj"}, {"attn_v", "self_attn.v_proj"}, {"attn_output", "self_attn.o_proj"},
	{"ffn_gate", "mlp.gate_proj"}, {"ffn_up", "mlp.up_proj"}, {"ffn_down", "mlp.down_proj"},
}

// ggufNames[0] makes GGUF's name of Hugging Face's, [1] the reverse. The first pair that fits at a place is taken.
var ggufNames = func() (out [2]*strings.Replacer) {
	var to, from []string
	for _, p := range ggufParts {
		to, from = append(to, p[1], p[0]), append(from, p[0], p[1])
	}
	return [2]*strings.Replacer{strings.NewReplacer(to...), strings.NewReplacer(from...)}
}()

func (g *ggufSource) names() []string {
	var out []string
	for _, t := range g.f.Tensors {
		out = append(out, ggufNames[1].Replace(t.Name))
	}
	return out
}

func (g *ggufSource) shape(name string) ([]int, error) {
	if t := g.f.Tensor(ggufNames[0].Replace(name)); t != nil {
		return t.Shape, t.Readable()
	}
	return nil, nil
}

func (g *ggufSource) read(name string, dst []float32) error {
	if err := g.f.Read(ggufNames[0].Replace(name), dst); err != nil {
		return err
	}
	if g.c.Arch != "llama" {
		return nil
	}
	switch {
	case strings.HasSuffix(name, "q_proj.weight"):
		unpermute(dst, g.c.Heads, g.c.HeadDim)
	case strings.HasSuffix(name, "k_proj.weight"):
		unpermute(dst, g.c.KVHeads, g.c.HeadDim)
	}
	return nil
}

// unpermute turns rows that interleave a head's halves (llama.cpp) into halves one after the other (Transformers).
func unpermute(w []float32, heads, dim int) {
	cols := len(w) / (heads * dim)
	tmp := make([]float32, dim*cols)
	for h := range heads {
		rows := w[h*dim*cols : (h+1)*dim*cols]
		copy(tmp, rows)
		for i := range dim / 2 {
			copy(rows[i*cols:], tmp[2*i*cols:(2*i+1)*cols])
			copy(rows[(i+dim/2)*cols:], tmp[(2*i+1)*cols:(2*i+2)*cols])
		}
	}
}

// chatTemplate reads chat_template.jinja, or the one in tokenizer_config.json.
func chatTemplate(dir string) (string, error) {
	data, err := os.ReadFile(filepath.Join(dir, "chat_template.jinja"))
	if err == nil {
		return string(data), nil
	}
	data, err = os.ReadFile(filepath.Join(dir, "tokenizer_config.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", err
	}
	var c struct {
		Template json.RawMessage `json:"chat_template"`
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return "", fmt.Errorf("%s: tokenizer_config.json: %w", dir, err)
	}
	var one string
	if json.Unmarshal(c.Template, &one) == nil {
		return one, nil
	}
	var many []struct{ Name, Template string }
	if json.Unmarshal(c.Template, &many) == nil {
		for _, t := range many {
			if t.Name == "default" {
				return t.Template, nil
			}
		}
	}
	return "", nil
}
