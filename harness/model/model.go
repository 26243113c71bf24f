// Package model opens models: architecture, weights, tokenizer and chat template,
// from a Hugging Face directory (safetensors) or a GGUF file, and reads and writes
// LoRA adapters in PEFT's layout. Tensors bear Hugging Face's names whatever the file.
package model

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"theriac/harness/model/gguf"
	"theriac/harness/model/safetensors"
)

// Model is an open model. It is safe for concurrent use.
type Model struct {
	Config Config
	Name   string // what the user called it
	// TokenizerJSON or Vocab, and ChatTemplate, as the model's files have them.
	TokenizerJSON []byte
	GGUF          *gguf.File
	ChatTemplate  string
	digest        string
	source        source
	path          string
}

// source yields tensors by Hugging Face name.
type source interface {
	names() []string
	shape(name string) ([]int, error) // nil: none of this name
	read(name string, dst []float32) error
	io.Closer
}

// Open opens a directory with config.json and safetensors files, or a .gguf file.
func Open(path string) (*Model, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if st.IsDir() {
		return openDir(path)
	}
	if strings.HasSuffix(path, ".gguf") {
		return openGGUF(path)
	}
	return nil, fmt.Errorf("%s: want a model directory or a .gguf file", path)
}

func openGGUF(path string) (*Model, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := fromGGUF(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return m, nil
}

func fromGGUF(f *gguf.File) (*Model, error) {
	c, err := configGGUF(f)
	if err != nil {
		return nil, err
	}
	m := &Model{Config: c, Name: filepath.Base(f.Path), GGUF: f, source: &ggufSource{f, c}, path: f.Path}
	m.ChatTemplate, _ = f.Meta["tokenizer.chat_template"].(string)
	return m.checked()
}

func openDir(dir string) (*Model, error) {
	data, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: no config.json: want a model directory", dir)
	} else if err != nil {
		return nil, err
	}
	c, err := ParseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	s, err := openShards(dir)
	if err != nil {
		return nil, err
	}
	m := &Model{Config: c, Name: filepath.Base(dir), source: s, path: dir}
	if m.TokenizerJSON, err = os.ReadFile(filepath.Join(dir, "tokenizer.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		m.Close()
		return nil, err
	}
	if m.ChatTemplate, err = chatTemplate(dir); err != nil {
		m.Close()
		return nil, err
	}
	return m.checked()
}

// FromTensors is a model in memory.
func FromTensors(name string, c Config, tensors []safetensors.Tensor, tokenizerJSON []byte, chatTemplate string) (*Model, error) {
	if err := c.finish(); err != nil {
		return nil, err
	}
	s := memory{}
	for _, t := range tensors {
		s[t.Name] = t
	}
	m := &Model{Config: c, Name: name, source: s, TokenizerJSON: tokenizerJSON, ChatTemplate: chatTemplate}
	return m.checked()
}

// checked holds the tensors against the configuration. It closes the model if they do not fit.
func (m *Model) checked() (*Model, error) {
	if err := m.fit(); err != nil {
		m.Close()
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	return m, nil
}

func (m *Model) fit() error {
	known := map[string]bool{}
	for _, t := range m.Config.Tensors() {
		got, err := m.source.shape(t.Name)
		switch {
		case err != nil:
			return err
		case got == nil:
			return fmt.Errorf("no tensor %s", t.Name)
		case !slices.Equal(got, t.Shape):
			return fmt.Errorf("tensor %s has shape %v, the configuration wants %v", t.Name, got, t.Shape)
		}
		known[t.Name] = true
	}
	for _, n := range m.source.names() {
		// A layer's tensor that nothing here reads would change what the layer computes.
		layer, ok := strings.CutPrefix(n, "model.layers.")
		num, _, _ := strings.Cut(layer, ".")
		i, err := strconv.Atoi(num)
		if ok && err == nil && i < m.Config.Layers && !known[n] && !strings.HasSuffix(n, "rotary_emb.inv_freq") {
			return fmt.Errorf("tensor %s is not part of %s as theriac computes it", n, m.Config.Arch)
		}
	}
	return nil
}

// Forget lets the system take back the memory of the files' pages. The model stays open.
func (m *Model) Forget() {
	if m.GGUF != nil {
		m.GGUF.Forget()
	}
}

// Close releases the files.
func (m *Model) Close() error { return m.source.Close() }

// Tensor decodes a tensor into dst, whose length must be the tensor's. A value that is not finite is an error.
func (m *Model) Tensor(name string, dst []float32) error {
	if err := m.source.read(name, dst); err != nil {
		return err
	}
	return m.finite(name, dst)
}

// Check reads every tensor and names the first that is damaged.
func (m *Model) Check() error {
	for _, t := range m.Config.Tensors() {
		if err := m.Tensor(t.Name, make([]float32, size(t.Shape))); err != nil {
			return err
		}
	}
	return nil
}

// finite names the first value of a tensor that is not.
func (m *Model) finite(name string, x []float32) error {
	for i, v := range x {
		if v-v != 0 {
			return fmt.Errorf("%s: %s[%d] is %g: the weights are damaged", m.Name, name, i, v)
		}
	}
	return nil
}

func size(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}

// Tensors lists the tensors that the architecture has, with Hugging Face's names, in order. Data is nil.
func (c *Config) Tensors() []safetensors.Tensor {
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	var out []safetensors.Tensor
	add := func(name string, shape ...int) { out = append(out, safetensors.Tensor{Name: name, Shape: shape}) }
	add("model.embed_tokens.weight", c.Vocab, c.Hidden)
	for i := range c.Layers {
		p := fmt.Sprintf("model.layers.%d.", i)
		add(p+"input_layernorm.weight", c.Hidden)
		add(p+"self_attn.q_proj.weight", q, c.Hidden)
		add(p+"self_attn.k_proj.weight", kv, c.Hidden)
		add(p+"self_attn.v_proj.weight", kv, c.Hidden)
		if c.AttnBias {
			add(p+"self_attn.q_proj.bias", q)
			add(p+"self_attn.k_proj.bias", kv)
			add(p+"self_attn.v_proj.bias", kv)
		}
		if c.QKNorm {
			add(p+"self_attn.q_norm.weight", c.HeadDim)
			add(p+"self_attn.k_norm.weight", c.HeadDim)
		}
		add(p+"self_attn.o_proj.weight", c.Hidden, q)
		add(p+"post_attention_layernorm.weight", c.Hidden)
		add(p+"mlp.gate_proj.weight", c.FFN, c.Hidden)
		add(p+"mlp.up_proj.weight", c.FFN, c.Hidden)
		add(p+"mlp.down_proj.weight", c.Hidden, c.FFN)
	}
	add("model.norm.weight", c.Hidden)
	if !c.Tied {
		add("lm_head.weight", c.Vocab, c.Hidden)
	}
	return out
}

// Digest is the SHA-256 of the configuration's numbers and of every weight as float32, hex.
// It does not depend on the file's format; the first call reads all weights.
func (m *Model) Digest() (string, error) {
	if m.digest != "" {
		return m.digest, nil
	}
	h := sha256.New()
	fmt.Fprintf(h, "theriac/model/1\n%+v %+v\n", withoutRope(m.Config), m.Config.Rope)
	for _, t := range m.Config.Tensors() {
		buf := make([]float32, size(t.Shape))
		if err := m.Tensor(t.Name, buf); err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%s %v\n", t.Name, t.Shape)
		writeFloats(h, buf)
	}
	m.digest = hex.EncodeToString(h.Sum(nil))
	return m.digest, nil
}

func withoutRope(c Config) Config { c.Rope = nil; return c }

func writeFloats(w io.Writer, x []float32) {
	var buf [4096]byte
	for len(x) > 0 {
		n := min(len(x), len(buf)/4)
		for i, v := range x[:n] {
			b := math.Float32bits(v)
			buf[4*i], buf[4*i+1], buf[4*i+2], buf[4*i+3] = byte(b), byte(b>>8), byte(b>>16), byte(b>>24)
		}
		w.Write(buf[:4*n])
		x = x[n:]
	}
}
