package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"theriac/harness/model/safetensors"
)

// tiny is a small valid architecture.
func tiny() Config {
	return Config{Arch: "llama", Hidden: 32, Layers: 2, Heads: 4, KVHeads: 2, HeadDim: 8, FFN: 64, Vocab: 11, MaxPos: 64,
		RopeTheta: 10000, Eps: 1e-5, Tied: true, BOS: 1, EOS: 2}
}

// filled is a model in memory with small distinct weights.
func filled(t testing.TB, c Config) *Model {
	t.Helper()
	tensors := c.Tensors()
	x := uint32(1)
	for i := range tensors {
		tensors[i].Data = make([]float32, size(tensors[i].Shape))
		for j := range tensors[i].Data {
			x = x*1664525 + 1013904223
			tensors[i].Data[j] = float32(int32(x)>>8) / (1 << 24)
		}
	}
	m, err := FromTensors("tiny", c, tensors, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// pairs is an adapter on every linear of the upper layer.
func pairs(c Config, r int) *Adapter {
	a := &Adapter{R: r, Alpha: 2 * float64(r), Base: "tiny", Layers: []int{c.Layers - 1}}
	for i, l := range c.linears() {
		if !strings.HasPrefix(l.Name, fmt.Sprintf("model.layers.%d.", c.Layers-1)) {
			continue
		}
		p := LoRA{Name: strings.TrimSuffix(l.Name, ".weight"), A: make([]float32, r*l.Shape[1]), B: make([]float32, l.Shape[0]*r)}
		for j := range p.A {
			p.A[j] = float32(math.Sin(float64(i*1000 + j)))
		}
		for j := range p.B {
			p.B[j] = float32(math.Cos(float64(i*1000 + j)))
		}
		a.Modules = append(a.Modules, p)
		a.Targets = append(a.Targets, p.Name[strings.LastIndexByte(p.Name, '.')+1:])
	}
	return a
}

func weights(t testing.TB, m *Model) map[string][]float32 {
	t.Helper()
	out := map[string][]float32{}
	for _, s := range m.Config.Tensors() {
		buf := make([]float32, size(s.Shape))
		if err := m.Tensor(s.Name, buf); err != nil {
			t.Fatal(err)
		}
		out[s.Name] = buf
	}
	return out
}

// A written model reads back: the configuration, every weight (rounded to the type), the adapter added.
func TestWriteMerged(t *testing.T) {
	c := tiny()
	m, a := filled(t, c), pairs(c, 3)
	base := weights(t, m)
	for dtype, round := range map[string]func(float32) float32{
		"F32": func(v float32) float32 { return v },
		"":    func(v float32) float32 { return math.Float32frombits(uint32(safetensors.ToBF16(v)) << 16) },
		"F16": func(v float32) float32 { return safetensors.Half(safetensors.ToHalf(v)) },
	} {
		dir := filepath.Join(t.TempDir(), "deep", "out")
		if err := WriteMerged(dir, m, a, dtype); err != nil {
			t.Fatal(err)
		}
		got, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Close()
		if !reflect.DeepEqual(got.Config, c) {
			t.Errorf("configuration %+v, want %+v", got.Config, c)
		}
		changed := 0
		for name, w := range weights(t, got) {
			want := base[name]
			for i := range a.Modules {
				if p := &a.Modules[i]; p.Name+".weight" == name {
					want = plainMerge(want, p, a.R, 2)
					changed++
				}
			}
			for i, v := range w {
				if d := math.Abs(float64(v - round(want[i]))); d > 1e-6*math.Abs(float64(v))+1e-6 && dtype == "F32" || d > 0.01*math.Abs(float64(v))+1e-6 {
					t.Fatalf("%s %s[%d] is %g, want %g", dtype, name, i, v, round(want[i]))
				}
			}
		}
		if changed != 7 {
			t.Errorf("%d weights changed, want 7", changed)
		}
		left, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), ".*"))
		if len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// plainMerge is W + scale·B·A in float64.
func plainMerge(w []float32, p *LoRA, r int, scale float64) []float32 {
	in := len(p.A) / r
	out := make([]float32, len(w))
	for i := range w {
		sum := 0.0
		for k := range r {
			sum += float64(p.B[i/in*r+k]) * float64(p.A[k*in+i%in])
		}
		out[i] = float32(float64(w[i]) + scale*sum)
	}
	return out
}

// With no adapter, F32 weights come back bit for bit; Merged reads what WriteMerged writes.
func TestConversionIsExact(t *testing.T) {
	c := tiny()
	c.Arch, c.Tied, c.QKNorm = "qwen3", false, true
	m := filled(t, c)
	dir := filepath.Join(t.TempDir(), "out")
	if err := WriteMerged(dir, m, nil, "F32"); err != nil {
		t.Fatal(err)
	}
	got, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	d1, err1 := m.Digest()
	d2, err2 := got.Digest()
	if d1 != d2 || err1 != nil || err2 != nil {
		t.Errorf("digests %s %v, %s %v", d1, err1, d2, err2)
	}
	a := pairs(c, 2)
	merged, err := Merged(m, a)
	if err != nil {
		t.Fatal(err)
	}
	written := filepath.Join(t.TempDir(), "merged")
	if err := WriteMerged(written, m, a, "F32"); err != nil {
		t.Fatal(err)
	}
	again, err := Open(written)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	d1, _ = merged.Digest()
	if d3, _ := again.Digest(); d1 != d3 || d1 == d2 {
		t.Errorf("merged in memory %s, from the directory %s, base %s", d1, d3, d2)
	}
}

func TestWriteMergedRefuses(t *testing.T) {
	c := tiny()
	m := filled(t, c)
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "precious"), []byte("x"), 0o666); err != nil {
		t.Fatal(err)
	}
	nan := filled(t, c)
	nan.source.(memory)["model.norm.weight"].Data[3] = float32(math.NaN())
	big := filled(t, c)
	big.source.(memory)["model.norm.weight"].Data[3] = 1e6
	other := pairs(c, 2)
	other.Modules[0].Name = "model.layers.7.self_attn.q_proj"
	wide := pairs(c, 2)
	wide.Modules[1].A = wide.Modules[1].A[:8]
	for _, test := range []struct {
		name  string
		dir   string
		m     *Model
		a     *Adapter
		dtype string
		want  string
	}{
		{"a full directory", full, m, nil, "F32", "not empty"},
		{"a file", filepath.Join(full, "precious"), m, nil, "F32", "want a new directory"},
		{"a type", "", m, nil, "Q8_0", "want BF16, F16 or F32"},
		{"NaN", "", nan, nil, "F32", "model.norm.weight[3] is NaN"},
		{"overflow", "", big, nil, "F16", "model.norm.weight[3] is 1e+06, which F16 cannot hold"},
		{"another base", "", m, other, "F32", "model.layers.7.self_attn.q_proj, which the model does not have"},
		{"another width", "", m, wide, "F32", "for another base?"},
	} {
		dir := test.dir
		parent := t.TempDir()
		if dir == "" {
			dir = filepath.Join(parent, "out")
		}
		err := WriteMerged(dir, test.m, test.a, test.dtype)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
		if left, _ := os.ReadDir(parent); len(left) > 0 {
			t.Errorf("%s: %s was left behind", test.name, left[0].Name())
		}
	}
	if data, err := os.ReadFile(filepath.Join(full, "precious")); err != nil || string(data) != "x" {
		t.Errorf("the full directory was touched: %q, %v", data, err)
	}
}

// Every configuration reads back from the config.json that is written for it.
func TestConfigRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kv := rapid.IntRange(1, 4).Draw(t, "kv")
		c := Config{
			Arch:   rapid.SampledFrom([]string{"llama", "mistral", "qwen2", "qwen3"}).Draw(t, "arch"),
			Hidden: rapid.IntRange(1, 99).Draw(t, "hidden"), Layers: rapid.IntRange(1, 9).Draw(t, "layers"), KVHeads: kv, Heads: kv * rapid.IntRange(1, 4).Draw(t, "group"),
			HeadDim: 2 * rapid.IntRange(1, 64).Draw(t, "dim"), FFN: rapid.IntRange(1, 99).Draw(t, "ffn"), Vocab: rapid.IntRange(1, 99).Draw(t, "vocab"),
			MaxPos: rapid.IntRange(1, 1<<20).Draw(t, "positions"), RopeTheta: rapid.Float64Range(1.5, 1e7).Draw(t, "theta"),
			Eps: rapid.Float32Range(1e-8, 1e-3).Draw(t, "eps"), Tied: rapid.Bool().Draw(t, "tied"),
			BOS: rapid.IntRange(-1, 50).Draw(t, "bos"), EOS: rapid.IntRange(-1, 50).Draw(t, "eos"),
		}
		c.AttnBias, c.QKNorm = c.Arch == "qwen2", c.Arch == "qwen3"
		if c.Arch == "mistral" {
			c.Window = rapid.IntRange(0, 99).Draw(t, "window")
		}
		switch rapid.IntRange(0, 2).Draw(t, "rope") {
		case 1:
			c.Rope = &RopeScaling{Type: "linear", Factor: rapid.Float64Range(1, 16).Draw(t, "factor")}
		case 2:
			c.Rope = &RopeScaling{"llama3", rapid.Float64Range(1, 16).Draw(t, "factor"), 1, rapid.Float64Range(1.5, 16).Draw(t, "high"), rapid.IntRange(1, 9999).Draw(t, "original")}
		}
		data, err := json.Marshal(c.json(nil, "float32"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseConfig(data)
		if err != nil {
			t.Fatalf("%v in %s", err, data)
		}
		if !reflect.DeepEqual(got, c) {
			t.Fatalf("%+v, want %+v", got, c)
		}
	})
}

// A directory's own token ids, special tokens and generation settings survive.
func TestWrittenDirectoryKeepsItsSettings(t *testing.T) {
	dir, out := filepath.Join(t.TempDir(), "in"), filepath.Join(t.TempDir(), "out")
	if err := WriteMerged(dir, filled(t, tiny()), nil, "F32"); err != nil {
		t.Fatal(err)
	}
	config, _ := os.ReadFile(filepath.Join(dir, "config.json"))
	config = bytes.Replace(config, []byte(`"eos_token_id": 2`), []byte(`"eos_token_id": [2, 7], "pad_token_id": 5`), 1)
	for name, data := range map[string]string{
		"config.json": string(config), "generation_config.json": `{"temperature": 0.60, "eos_token_id": [2, 7]}`,
		"tokenizer.json":        `{"kept": "as it is"}`,
		"tokenizer_config.json": `{"bos_token": {"content": "<s>"}, "eos_token": "</s>", "pad_token": "<pad>", "auto_map": {"x": "y.py"}, "chat_template": "{{ old }}", "model_max_length": 1000000000000000019884624838656}`,
		"chat_template.jinja":   "{{ messages[0]['content'] }} <&>",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := WriteMerged(out, m, pairs(m.Config, 2), "F32"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"config.json":            {`"pad_token_id": 5`, "\"eos_token_id\": [\n    2,\n    7\n  ]"},
		"generation_config.json": {`"temperature": 0.60`},
		"tokenizer.json":         {`{"kept": "as it is"}`},
		"tokenizer_config.json":  {`"content": "<s>"`, `"eos_token": "</s>"`, `"pad_token": "<pad>"`, `1000000000000000019884624838656`, `"{{ messages[0]['content'] }} <&>"`},
	} {
		data, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !bytes.Contains(data, []byte(w)) {
				t.Errorf("%s lacks %s:\n%s", name, w, data)
			}
		}
		if bytes.Contains(data, []byte("auto_map")) {
			t.Errorf("%s names code that is not written", name)
		}
	}
}
