package model

// LoRA adapters in PEFT's layout: adapter_config.json and adapter_model.safetensors.

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"

	"theriac/harness/model/safetensors"
)

// Adapter is LoRA pairs on a base model.
type Adapter struct {
	R       int // rank of the widest pair
	Alpha   float64
	Dropout float64
	Targets []string // "q_proj", ...
	Layers  []int    // nil: all
	Base    string   // the base's name, for the reader
	Modules []LoRA   // by layer, then in the architecture's order
}

// LoRA is one pair: the module's weight becomes W + (Alpha/R)·B·A.
type LoRA struct {
	Name string    // "model.layers.20.self_attn.q_proj"
	R    int       // rank; 0 means the adapter's
	A    []float32 // [R, in]
	B    []float32 // [out, R]
}

// rawAdapter is adapter_config.json: what theriac writes and what it must understand.
type rawAdapter struct {
	AutoMapping   any             `json:"auto_mapping"`
	Base          string          `json:"base_model_name_or_path"`
	Bias          string          `json:"bias"`
	FanInFanOut   bool            `json:"fan_in_fan_out"`
	InferenceMode bool            `json:"inference_mode"`
	InitWeights   any             `json:"init_lora_weights"`
	Layers        json.RawMessage `json:"layers_to_transform"`
	Alpha         float64         `json:"lora_alpha"`
	Dropout       float64         `json:"lora_dropout"`
	Save          []string        `json:"modules_to_save"`
	Type          string          `json:"peft_type"`
	R             int             `json:"r"`
	RankPattern   map[string]int  `json:"rank_pattern"`
	AlphaPattern  map[string]any  `json:"alpha_pattern"`
	Targets       json.RawMessage `json:"target_modules"`
	Task          string          `json:"task_type"`
	DoRA          bool            `json:"use_dora"`
	RSLoRA        bool            `json:"use_rslora"`
	LoraBias      bool            `json:"lora_bias"`
}

// ReadAdapter reads an adapter directory.
func ReadAdapter(dir string) (*Adapter, error) {
	data, err := os.ReadFile(filepath.Join(dir, "adapter_config.json"))
	if err != nil {
		return nil, fmt.Errorf("%s: no adapter_config.json: want an adapter directory in PEFT's layout", dir)
	}
	a, err := parseAdapter(data)
	if err != nil {
		return nil, fmt.Errorf("%s: adapter_config.json: %w", dir, err)
	}
	path := filepath.Join(dir, "adapter_model.safetensors")
	if !exists(path) && exists(filepath.Join(dir, "adapter_model.bin")) {
		return nil, fmt.Errorf("%s: only adapter_model.bin, which would have to be unpickled; save the adapter as safetensors", dir)
	}
	f, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := a.load(f); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return a, nil
}

func parseAdapter(data []byte) (*Adapter, error) {
	var r rawAdapter
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, jsonError(err)
	}
	if err := plainLoRA(data); err != nil {
		return nil, err
	}
	a := &Adapter{R: r.R, Alpha: r.Alpha, Dropout: r.Dropout, Base: r.Base}
	switch {
	case r.Type != "LORA":
		return nil, fmt.Errorf("peft_type %q: want LORA", r.Type)
	case r.R < 1 || r.R > 1<<12:
		return nil, fmt.Errorf("r is %d: want 1..4096", r.R)
	case !(r.Alpha > 0) || math.IsInf(r.Alpha, 0):
		return nil, fmt.Errorf("lora_alpha is %g: want more than 0", r.Alpha)
	}
	if r.RSLoRA { // scale alpha/sqrt(r): as an alpha for alpha/r
		a.Alpha = r.Alpha * math.Sqrt(float64(r.R))
	}
	return a, nil
}

// variants are the settings of adapter_config.json that make PEFT compute something other than W + scale·B·A on the untouched base.
var variants = []string{
	"alora_invocation_tokens", "alpha_pattern", "arrow_config", "corda_config", "fan_in_fan_out", "kasa_config", "layer_replication", "lora_bias",
	"modules_to_save", "monteclora_config", "rank_pattern", "target_parameters", "trainable_token_indices", "use_bdlora", "use_dora", "use_qalora", "velora_config",
}

// plainLoRA refuses adapters that are more than pairs of matrices.
func plainLoRA(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil {
		return err
	}
	for _, k := range variants {
		switch v := string(raw[k]); v {
		case "", "null", "false", "{}", "[]":
		default:
			return fmt.Errorf("%s is %s, which is not supported", k, shortened(v))
		}
	}
	if v := string(raw["bias"]); v != "" && v != `"none"` && v != "null" {
		return fmt.Errorf("bias is %s: want \"none\"", shortened(v))
	}
	switch v := string(raw["init_lora_weights"]); v { // the others change the base
	case "", "null", "true", "false", `"gaussian"`, `"orthogonal"`, `"eva"`:
	default:
		return fmt.Errorf("init_lora_weights is %s, which changes the base's weights; convert the adapter to a plain one with PEFT", shortened(v))
	}
	return nil
}

func shortened(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:57], "") + "..."
	}
	return s
}

var loraName = regexp.MustCompile(`^base_model\.model\.(model\.layers\.(\d+)\.[\w.]+)\.lora_([AB])\.weight$`)

// load reads the pairs from an adapter file.
func (a *Adapter) load(f *safetensors.File) error {
	pairs := map[string]*LoRA{}
	var layers []int
	for _, name := range f.Names() {
		m := loraName.FindStringSubmatch(name)
		if m == nil {
			return fmt.Errorf("tensor %s is no LoRA matrix of a decoder layer", name)
		}
		info := f.Info(name)
		if len(info.Shape) != 2 {
			return fmt.Errorf("tensor %s has shape %v: want a matrix", name, info.Shape)
		}
		p := pairs[m[1]]
		if p == nil {
			p = &LoRA{Name: m[1], R: a.R}
			pairs[m[1]] = p
		}
		buf := make([]float32, info.Count())
		if err := f.Read(name, buf); err != nil {
			return err
		}
		for i, v := range buf {
			if v != v || math.IsInf(float64(v), 0) {
				return fmt.Errorf("%s[%d] is %g: the adapter is damaged", name, i, v)
			}
		}
		rank := info.Shape[0]
		if m[3] == "B" {
			rank, p.B = info.Shape[1], buf
		} else {
			p.A = buf
		}
		if rank != a.R {
			return fmt.Errorf("tensor %s has shape %v, r is %d", name, info.Shape, a.R)
		}
		layer, err := strconv.Atoi(m[2])
		if err != nil || layer > 1<<16 {
			return fmt.Errorf("tensor %s: layer %s is out of range", name, m[2])
		}
		layers = append(layers, layer)
		if short := m[1][strings.LastIndexByte(m[1], '.')+1:]; !slices.Contains(a.Targets, short) {
			a.Targets = append(a.Targets, short)
		}
	}
	slices.Sort(layers)
	a.Layers = slices.Compact(layers)
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		p := pairs[name]
		if p.A == nil || p.B == nil {
			return fmt.Errorf("%s has only one of lora_A and lora_B", p.Name)
		}
		a.Modules = append(a.Modules, *p)
	}
	if len(a.Modules) == 0 {
		return errors.New("the adapter has no tensors")
	}
	slices.Sort(a.Targets)
	a.sort()
	return nil
}

func (a *Adapter) sort() {
	key := func(m *LoRA) string {
		rest := strings.TrimPrefix(m.Name, "model.layers.")
		num, part, _ := strings.Cut(rest, ".")
		return fmt.Sprintf("%8s.%s", num, part)
	}
	sort.Slice(a.Modules, func(i, j int) bool { return key(&a.Modules[i]) < key(&a.Modules[j]) })
}

// check names the first thing that cannot be: what PEFT would not load, or would load as something else.
func (a *Adapter) check() error {
	if a.R < 1 || !(a.Alpha > 0) || math.IsInf(a.Alpha, 0) {
		return fmt.Errorf("adapter: rank %d, alpha %g: want positive numbers", a.R, a.Alpha)
	}
	seen := map[string]bool{}
	for i := range a.Modules {
		m := &a.Modules[i]
		switch {
		case m.R != 0 && m.R != a.R:
			return fmt.Errorf("adapter: %s has rank %d, the adapter %d: pairs of several ranks are not supported", m.Name, m.R, a.R)
		case len(m.A) == 0 || len(m.B) == 0 || len(m.A)%a.R != 0 || len(m.B)%a.R != 0:
			return fmt.Errorf("adapter: %s: lora_A has %d and lora_B %d values: want multiples of the rank %d", m.Name, len(m.A), len(m.B), a.R)
		case seen[m.Name]:
			return fmt.Errorf("adapter: %s stands twice", m.Name)
		}
		seen[m.Name] = true
	}
	return nil
}

// tensors lists the pairs with PEFT's names.
func (a *Adapter) tensors() []safetensors.Tensor {
	var out []safetensors.Tensor
	for i := range a.Modules {
		m := &a.Modules[i]
		out = append(out,
			safetensors.Tensor{Name: "base_model.model." + m.Name + ".lora_A.weight", Shape: []int{a.R, len(m.A) / a.R}, Data: m.A},
			safetensors.Tensor{Name: "base_model.model." + m.Name + ".lora_B.weight", Shape: []int{len(m.B) / a.R, a.R}, Data: m.B})
	}
	return out
}

// Write writes an adapter directory that PEFT loads. An existing file is replaced as a whole.
func (a *Adapter) Write(dir string) error {
	if err := a.check(); err != nil {
		return err
	}
	layers, targets := json.RawMessage("null"), slices.Clone(a.Targets)
	if a.Layers != nil {
		layers, _ = json.Marshal(a.Layers)
	}
	slices.Sort(targets)
	t, _ := json.Marshal(targets)
	cfg, err := json.MarshalIndent(rawAdapter{
		Base: a.Base, Bias: "none", InferenceMode: true, InitWeights: true, Layers: layers, Alpha: a.Alpha, Dropout: a.Dropout,
		Type: "LORA", R: a.R, RankPattern: map[string]int{}, AlphaPattern: map[string]any{}, Targets: t, Task: "CAUSAL_LM",
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(filepath.Join(dir, "adapter_model.safetensors"), renameio.WithPermissions(0o666))
	if err != nil {
		return err
	}
	defer f.Cleanup()
	if err := safetensors.Write(f, a.tensors(), map[string]string{"format": "pt"}, safetensors.F32); err != nil {
		return err
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return renameio.WriteFile(filepath.Join(dir, "adapter_config.json"), append(cfg, '\n'), 0o666)
}

// Digest is the SHA-256 of the pairs and their scale, hex.
func (a *Adapter) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "theriac/adapter/1\n%d %v\n", a.R, a.Alpha)
	for _, t := range a.tensors() {
		fmt.Fprintf(h, "%s %v\n", t.Name, t.Shape)
		writeFloats(h, t.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}
