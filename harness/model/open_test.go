package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"theriac/harness/model/gguf"
	"theriac/harness/model/safetensors"
)

// GGUF models open as Transformers loads them: configuration and every weight, bit for bit. testdata/ggufs.py made the files.
func TestGGUFLikeTransformers(t *testing.T) {
	data, err := os.ReadFile("testdata/gguf/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var ref map[string]struct {
		Config  Config
		Tensors map[string]string
	}
	if err := json.Unmarshal(data, &ref); err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"llama", "qwen2", "qwen3"} {
		m, err := Open("testdata/gguf/" + arch + ".gguf")
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if !reflect.DeepEqual(m.Config, ref[arch].Config) {
			t.Errorf("%s: configuration %+v, want %+v", arch, m.Config, ref[arch].Config)
		}
		compared := 0
		for name, w := range weights(t, m) {
			h := sha256.New()
			writeFloats(h, w)
			if got := hex.EncodeToString(h.Sum(nil)); got != ref[arch].Tensors[name] {
				t.Errorf("%s: %s differs", arch, name)
			}
			compared++
		}
		if compared < 11 {
			t.Errorf("%s: only %d tensors were compared", arch, compared)
		}
		if _, err := m.Tokenizer(); err != nil {
			t.Error(err)
		}
		// Converted to a directory, the model stays what it is.
		dir := filepath.Join(t.TempDir(), arch)
		if err := WriteMerged(dir, m, nil, "F32"); err != nil {
			t.Fatal(err)
		}
		again, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		d1, _ := m.Digest()
		if d2, err := again.Digest(); err != nil || d1 != d2 {
			t.Errorf("%s: converted, the digest is %s, was %s (%v)", arch, d2, d1, err)
		}
	}
}

// written is a model directory with its weights in so many shards.
func written(t testing.TB, c Config, shards int, change func(tensors map[string]*safetensors.Tensor)) string {
	t.Helper()
	m := filled(t, c)
	dir := t.TempDir()
	config, err := json.Marshal(c.json(nil, "float32"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, dir, "config.json", config)
	all := map[string]*safetensors.Tensor{}
	for name, s := range m.source.(memory) {
		all[name] = &s
	}
	if change != nil {
		change(all)
	}
	parts, where := make([][]safetensors.Tensor, shards), map[string]string{}
	for i, key := range slices.Sorted(maps.Keys(all)) {
		s := all[key]
		parts[i%shards] = append(parts[i%shards], *s)
		where[s.Name] = fmt.Sprintf("part-%d.safetensors", i%shards)
	}
	for i, p := range parts {
		var b bytes.Buffer
		if err := safetensors.Write(&b, p, nil, safetensors.F32); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("part-%d.safetensors", i)
		if shards == 1 {
			name = "model.safetensors"
		}
		put(t, dir, name, b.Bytes())
	}
	if shards > 1 {
		index, _ := json.Marshal(map[string]any{"weight_map": where})
		put(t, dir, "model.safetensors.index.json", index)
	}
	return dir
}

func put(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// However many files hold it, the model is the same.
func TestShards(t *testing.T) {
	c := tiny()
	want, err := filled(t, c).Digest()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2, 5} {
		dir := written(t, c, n, nil)
		for range 2 {
			m, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := m.Digest(); err != nil || got != want {
				t.Errorf("%d shards: digest %s, want %s (%v)", n, got, want, err)
			}
			m.Close()
			os.Remove(filepath.Join(dir, "model.safetensors.index.json")) // and without an index
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	c := tiny()
	const norm, q = "model.norm.weight", "model.layers.1.self_attn.q_proj.weight"
	type tensors = map[string]*safetensors.Tensor
	dir := func(change func(tensors)) string { return written(t, c, 1, change) }
	with := func(shards int, name, data string) string {
		d := written(t, c, shards, nil)
		put(t, d, name, []byte(data))
		return d
	}
	double := written(t, c, 2, nil)
	os.Remove(filepath.Join(double, "model.safetensors.index.json"))
	same, _ := os.ReadFile(filepath.Join(double, "part-0.safetensors"))
	put(t, double, "part-9.safetensors", same)
	pickle := t.TempDir()
	config, _ := json.Marshal(c.json(nil, "float32"))
	put(t, pickle, "config.json", config)
	put(t, pickle, "pytorch_model.bin", nil)
	text := filepath.Join(t.TempDir(), "x.txt")
	put(t, filepath.Dir(text), "x.txt", nil)
	for name, test := range map[string]struct{ path, want string }{
		"nowhere":       {filepath.Join(t.TempDir(), "x"), "no such file"},
		"a text":        {text, "want a model directory or a .gguf file"},
		"nothing":       {t.TempDir(), "no config.json"},
		"a pickle":      {pickle, "unpickled"},
		"no weights":    {with(1, "model.safetensors", ""), "no safetensors file"},
		"a missing one": {dir(func(m tensors) { delete(m, norm) }), "no tensor model.norm.weight"},
		"another shape": {dir(func(m tensors) { m[q].Shape = []int{16, 64} }), "has shape [16 64], the configuration wants [32 32]"},
		"a renamed one": {dir(func(m tensors) { m[norm].Name = "norm" }), "no tensor model.norm.weight"},
		"a bias": {dir(func(m tensors) {
			m["x"] = &safetensors.Tensor{Name: "model.layers.1.mlp.up_proj.bias", Shape: []int{64}, Data: make([]float32, 64)}
		}), "up_proj.bias is not part of llama"},
		"an index of text": {with(2, "model.safetensors.index.json", "x"), "model.safetensors.index.json"},
		"an index outside": {with(2, "model.safetensors.index.json", `{"weight_map":{"a":"../x"}}`), "lies elsewhere"},
		"a missing shard":  {with(2, "model.safetensors.index.json", `{"weight_map":{"a":"gone.safetensors"}}`), "gone.safetensors"},
		"two of a name":    {double, "stands in both part-0.safetensors and part-9.safetensors"},
		"a bad template":   {with(1, "tokenizer_config.json", "{"), "tokenizer_config.json"},
	} {
		m, err := Open(test.path)
		if err == nil {
			m.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
}

// Check names the first value that is not finite, in the order of the architecture.
func TestCheckNamesDamage(t *testing.T) {
	c := tiny()
	for name, at := range map[string]int{"model.embed_tokens.weight": 7, "model.layers.1.mlp.down_proj.weight": 0, "model.norm.weight": 31} {
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
			dir := written(t, c, 1, func(m map[string]*safetensors.Tensor) { m[name].Data[at] = v })
			m, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Check(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%s[%d] is %g: the weights are damaged", name, at, v)) {
				t.Errorf("%s: %v", name, err)
			}
			m.Close()
		}
	}
	if err := filled(t, c).Check(); err != nil {
		t.Error(err)
	}
}

func TestParseConfigRefuses(t *testing.T) {
	good, err := json.Marshal(func() map[string]any { c := tiny(); return c.json(nil, "float32") }())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		set  map[string]any
		want string
	}{
		"another kind":      {map[string]any{"model_type": "gpt2"}, `model_type "gpt2": want llama, mistral, qwen2 or qwen3`},
		"no kind":           {map[string]any{"model_type": nil}, `model_type ""`},
		"no layers":         {map[string]any{"num_hidden_layers": 0}, "num_hidden_layers is 0: want 1.."},
		"many layers":       {map[string]any{"num_hidden_layers": 1 << 40}, "num_hidden_layers is"},
		"negative width":    {map[string]any{"hidden_size": -32}, "hidden_size is -32"},
		"text for a number": {map[string]any{"hidden_size": "32"}, "config.json: hidden_size: found string, wanted int"},
		"a fraction":        {map[string]any{"hidden_size": 32.5}, "hidden_size"},
		"odd heads":         {map[string]any{"num_attention_heads": 3}, "3 attention heads cannot share 2"},
		"an odd head":       {map[string]any{"head_dim": 7}, "head_dim 7"},
		"quantised":         {map[string]any{"quantization_config": map[string]any{"bits": 4}}, "quantised weights"},
		"another function":  {map[string]any{"hidden_act": "gelu"}, "want silu"},
		"biases":            {map[string]any{"attention_bias": true}, "with biases"},
		"yarn":              {map[string]any{"rope_scaling": map[string]any{"rope_type": "yarn", "factor": 2}}, `rope type "yarn"`},
		"half of llama3":    {map[string]any{"rope_scaling": map[string]any{"rope_type": "llama3", "factor": 2}}, "llama3 needs"},
		"linear of nothing": {map[string]any{"rope_parameters": map[string]any{"type": "linear"}}, "needs a factor"},
		"partly rotary":     {map[string]any{"partial_rotary_factor": 0.5}, "partial_rotary_factor 0.5"},
		"partly rotary, 5":  {map[string]any{"rope_parameters": map[string]any{"rope_type": "default", "partial_rotary_factor": 0.25}}, "partial_rotary_factor 0.25"},
		"a window":          {map[string]any{"sliding_window": 8}, "sliding-window attention in llama"},
		"an enormous id":    {map[string]any{"eos_token_id": 1 << 40}, "token id 1099511627776"},
		"negative eps":      {map[string]any{"rms_norm_eps": -1e-5}, "rms_norm_eps -1e-05"},
		"a small theta":     {map[string]any{"rope_theta": 0.5, "rope_parameters": nil}, "rope_theta 0.5"},
	} {
		raw := map[string]any{}
		if err := json.Unmarshal(good, &raw); err != nil {
			t.Fatal(err)
		}
		maps.Copy(raw, test.set)
		data, _ := json.Marshal(raw)
		if _, err := ParseConfig(data); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
	if c, err := ParseConfig([]byte("[]")); err == nil {
		t.Errorf("a list: %+v", c)
	}
}

// Whatever the bytes: a configuration that can be written and read again, or an error.
func FuzzConfig(f *testing.F) {
	for _, path := range []string{"testdata/adapters/base/config.json"} {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, arch := range []string{"llama", "mistral", "qwen2", "qwen3"} {
		c := tiny()
		c.Arch = arch
		c.Rope = &RopeScaling{"llama3", 8, 1, 4, 32}
		data, _ := json.Marshal(c.json(nil, "float32"))
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig(data)
		if err != nil {
			return
		}
		for i, v := range c.InvFreq() {
			if !(v >= 0) || math.IsInf(v, 0) {
				t.Fatalf("frequency %d is %g", i, v)
			}
		}
		for _, s := range c.Tensors() {
			if size(s.Shape) < 1 {
				t.Fatalf("%s has shape %v", s.Name, s.Shape)
			}
		}
		again, err := json.Marshal(c.json(nil, "float32"))
		if err != nil {
			t.Fatal(err)
		}
		if back, err := ParseConfig(again); err != nil || !reflect.DeepEqual(back, c) {
			t.Fatalf("%+v became %+v (%v)", c, back, err)
		}
	})
}

// Whatever the bytes: a GGUF model whose every tensor can be read or is damaged, or an error.
func FuzzGGUFModel(f *testing.F) {
	for _, arch := range []string{"llama", "qwen2", "qwen3"} {
		data, err := os.ReadFile("testdata/gguf/" + arch + ".gguf")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := gguf.Parse("x.gguf", data)
		if err != nil {
			return
		}
		m, err := fromGGUF(file)
		if err != nil {
			return
		}
		for _, s := range m.Config.Tensors() {
			if err := m.Tensor(s.Name, make([]float32, size(s.Shape))); err != nil && !strings.Contains(err.Error(), "the weights are damaged") {
				t.Fatal(err)
			}
		}
		_, _ = m.Tokenizer()
	})
}

// Whatever the bytes: names of files in the directory itself, or an error.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata":{},"weight_map":{"a":"x.safetensors","b":"y.safetensors"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		names, err := indexed("dir", data)
		if err != nil {
			return
		}
		for _, n := range names {
			if filepath.Dir(n) != "dir" {
				t.Fatalf("%q lies elsewhere", n)
			}
		}
	})
}
