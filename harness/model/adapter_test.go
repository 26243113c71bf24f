package model

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"theriac/harness/model/safetensors"
)

// What PEFT saved reads as what PEFT merges. testdata/adapters.py made the files.
func TestAdaptersOfPEFT(t *testing.T) {
	m, err := Open("testdata/adapters/base")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	base := weights(t, m)
	for name, pairs := range map[string]int{"plain": 14, "rslora": 2, "half": 14} {
		a, err := ReadAdapter(filepath.Join("testdata/adapters", name))
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Modules) != pairs {
			t.Errorf("%s: %d pairs, want %d", name, len(a.Modules), pairs)
		}
		merged, err := Merged(m, a)
		if err != nil {
			t.Fatal(err)
		}
		f, err := safetensors.Open("testdata/adapters/" + name + ".safetensors")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		changed, worst := 0, 0.0
		for tensor, got := range weights(t, merged) {
			want := base[tensor]
			if f.Info(tensor) != nil {
				want = make([]float32, len(got))
				if err := f.Read(tensor, want); err != nil {
					t.Fatal(err)
				}
				changed++
			}
			for i, v := range got {
				worst = max(worst, math.Abs(float64(v-want[i])))
			}
		}
		if changed != pairs || worst > 1e-6 {
			t.Errorf("%s: %d merged weights compared, largest difference %g", name, changed, worst)
		}
	}
}

// What theriac writes has PEFT's tensors, names and settings, and reads back the same.
func TestAdapterWrite(t *testing.T) {
	for _, name := range []string{"plain", "rslora", "half"} {
		from := filepath.Join("testdata/adapters", name)
		a, err := ReadAdapter(from)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "out")
		for range 2 { // and over what is there
			if err := a.Write(dir); err != nil {
				t.Fatal(err)
			}
		}
		again, err := ReadAdapter(dir)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, again) || a.Digest() != again.Digest() {
			t.Errorf("%s: %+v became %+v", name, a, again)
		}
		theirs, err := safetensors.Open(filepath.Join(from, "adapter_model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		defer theirs.Close()
		ours, err := safetensors.Open(filepath.Join(dir, "adapter_model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		defer ours.Close()
		if !reflect.DeepEqual(ours.Names(), theirs.Names()) || ours.Metadata["format"] != "pt" {
			t.Errorf("%s: tensors %v %v, PEFT has %v", name, ours.Names(), ours.Metadata, theirs.Names())
		}
		for _, n := range ours.Names() {
			x, y := make([]float32, ours.Info(n).Count()), make([]float32, theirs.Info(n).Count())
			if err := ours.Read(n, x); err != nil {
				t.Fatal(err)
			}
			if err := theirs.Read(n, y); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(ours.Info(n).Shape, theirs.Info(n).Shape) || !reflect.DeepEqual(x, y) {
				t.Errorf("%s: %s differs", name, n)
			}
		}
		var peft, we map[string]any
		for path, into := range map[string]*map[string]any{from: &peft, dir: &we} {
			data, err := os.ReadFile(filepath.Join(path, "adapter_config.json"))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(data, into); err != nil {
				t.Fatal(err)
			}
		}
		for k, v := range we {
			if _, known := peft[k]; !known {
				t.Errorf("%s: adapter_config.json has %q, which PEFT's has not", name, k)
			}
			switch k {
			case "r", "peft_type", "task_type", "lora_dropout", "bias":
				if !reflect.DeepEqual(v, peft[k]) {
					t.Errorf("%s: %s is %v, PEFT has %v", name, k, v, peft[k])
				}
			}
		}
	}
}

// damage copies an adapter with a change to its configuration or its tensors.
func damage(t *testing.T, config func(map[string]any), tensors func(map[string]*safetensors.Tensor)) string {
	t.Helper()
	const from = "testdata/adapters/rslora"
	dir := t.TempDir()
	data, err := os.ReadFile(from + "/adapter_config.json")
	if err != nil {
		t.Fatal(err)
	}
	c := map[string]any{}
	if err := json.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	if config != nil {
		config(c)
	}
	data, _ = json.Marshal(c)
	if err := os.WriteFile(dir+"/adapter_config.json", data, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(from + "/adapter_model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string]*safetensors.Tensor{}
	for _, n := range f.Names() {
		s := safetensors.Tensor{Name: n, Shape: f.Info(n).Shape, Data: make([]float32, f.Info(n).Count())}
		if err := f.Read(n, s.Data); err != nil {
			t.Fatal(err)
		}
		all[n] = &s
	}
	if tensors != nil {
		tensors(all)
	}
	var list []safetensors.Tensor
	for _, s := range all {
		list = append(list, *s)
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, list, nil, safetensors.F32); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/adapter_model.safetensors", b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAdapterRefuses(t *testing.T) {
	set := func(k string, v any) func(map[string]any) { return func(c map[string]any) { c[k] = v } }
	const a = "base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight"
	if dir := damage(t, nil, nil); true {
		if _, err := ReadAdapter(dir); err != nil {
			t.Fatalf("undamaged: %v", err)
		}
	}
	for name, test := range map[string]struct {
		config  func(map[string]any)
		tensors func(map[string]*safetensors.Tensor)
		want    string
	}{
		"another method":  {set("peft_type", "IA3"), nil, "want LORA"},
		"DoRA":            {set("use_dora", true), nil, "use_dora is true, which is not supported"},
		"ranks":           {set("rank_pattern", map[string]int{"q_proj": 2}), nil, `rank_pattern is {"q_proj":2}, which is not supported`},
		"an invocation":   {set("alora_invocation_tokens", []int{1}), nil, "alora_invocation_tokens is [1]"},
		"biases":          {set("bias", "all"), nil, `bias is "all"`},
		"PiSSA":           {set("init_lora_weights", "pissa"), nil, "changes the base's weights"},
		"rank 0":          {set("r", 0), nil, "r is 0"},
		"rank of a lie":   {set("r", 3), nil, "r is 3"},
		"rank as text":    {set("r", "4"), nil, "adapter_config.json"},
		"negative alpha":  {set("lora_alpha", -1), nil, "lora_alpha is -1"},
		"no tensors":      {nil, func(m map[string]*safetensors.Tensor) { clear(m) }, "no tensors"},
		"only A":          {nil, func(m map[string]*safetensors.Tensor) { delete(m, a) }, "only one of lora_A and lora_B"},
		"another tensor":  {nil, func(m map[string]*safetensors.Tensor) { m[a].Name = "lm_head.weight" }, "lm_head.weight is no LoRA matrix"},
		"a vector":        {nil, func(m map[string]*safetensors.Tensor) { m[a].Shape = []int{64} }, "want a matrix"},
		"a turned matrix": {nil, func(m map[string]*safetensors.Tensor) { m[a].Shape = []int{16, 4} }, "has shape [16 4], r is 4"},
		"NaN":             {nil, func(m map[string]*safetensors.Tensor) { m[a].Data[5] = float32(math.NaN()) }, "lora_A.weight[5] is NaN: the adapter is damaged"},
		"a far layer": {nil, func(m map[string]*safetensors.Tensor) {
			m[a].Name = strings.Replace(a, "layers.1", "layers.99999999999999999999", 1)
		}, "out of range"},
	} {
		_, err := ReadAdapter(damage(t, test.config, test.tensors))
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", name, err, test.want)
		}
	}
	dir := t.TempDir()
	if _, err := ReadAdapter(dir); err == nil || !strings.Contains(err.Error(), "no adapter_config.json") {
		t.Errorf("an empty directory: %v", err)
	}
	if err := os.WriteFile(dir+"/adapter_config.json", []byte(`{"peft_type":"LORA","r":1,"lora_alpha":1}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/adapter_model.bin", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadAdapter(dir); err == nil || !strings.Contains(err.Error(), "unpickled") {
		t.Errorf("a pickle: %v", err)
	}
	for name, a := range map[string]*Adapter{
		"rank 0": {Alpha: 1}, "no alpha": {R: 1}, "uneven": {R: 2, Alpha: 1, Modules: []LoRA{{Name: "x", A: make([]float32, 3), B: make([]float32, 2)}}},
		"twice": {R: 1, Alpha: 1, Modules: []LoRA{{Name: "x", A: make([]float32, 3), B: make([]float32, 2)}, {Name: "x", A: make([]float32, 3), B: make([]float32, 2)}}},
	} {
		out := filepath.Join(t.TempDir(), "out")
		if err := a.Write(out); err == nil || exists(out) {
			t.Errorf("%s was written: %v", name, err)
		}
	}
}

// Whatever the bytes: an adapter that can be used, or an error.
func FuzzAdapter(f *testing.F) {
	for _, n := range []string{"plain", "rslora", "half"} {
		config, err1 := os.ReadFile("testdata/adapters/" + n + "/adapter_config.json")
		tensors, err2 := os.ReadFile("testdata/adapters/" + n + "/adapter_model.safetensors")
		if err1 != nil || err2 != nil {
			f.Fatal(err1, err2)
		}
		f.Add(config, tensors)
	}
	c := tiny()
	f.Fuzz(func(t *testing.T, config, tensors []byte) {
		a, err := parseAdapter(config)
		if err != nil {
			return
		}
		file, err := safetensors.Parse("fuzz", tensors)
		if err != nil {
			return
		}
		if err := a.load(file); err != nil {
			return
		}
		a.Digest()
		if _, err := a.on(&c); err != nil {
			return
		}
		for _, s := range a.tensors() {
			if size(s.Shape) != len(s.Data) {
				t.Fatalf("%s has shape %v and %d values", s.Name, s.Shape, len(s.Data))
			}
		}
	})
}
