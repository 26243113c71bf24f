package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"theriac/harness/compute"
	"theriac/harness/model/gguf"
)

// Config is a Llama-like architecture.
type Config struct {
	Arch                                    string // "llama", "mistral", "qwen2" or "qwen3"
	Hidden, Layers, Heads, KVHeads, HeadDim int
	FFN, Vocab, MaxPos                      int
	RopeTheta                               float64
	Rope                                    *RopeScaling
	Eps                                     float32 // of the norms
	Tied                                    bool    // the output projection is the embedding
	Window                                  int     // sliding-window attention; 0: none
	AttnBias                                bool    // q, k and v have biases
	QKNorm                                  bool    // q and k are normalised per head
	BOS, EOS                                int     // -1: none
}

// RopeScaling is Llama 3's frequency scaling (Transformers, modeling_rope_utils._compute_llama3_parameters), or "linear".
type RopeScaling struct {
	Type                      string
	Factor, LowFreq, HighFreq float64
	Original                  int
}

// rawConfig is config.json as Transformers 4 and 5 write it.
type rawConfig struct {
	ModelType  string          `json:"model_type"`
	Hidden     int             `json:"hidden_size"`
	Layers     int             `json:"num_hidden_layers"`
	Heads      int             `json:"num_attention_heads"`
	KVHeads    int             `json:"num_key_value_heads"`
	HeadDim    int             `json:"head_dim"`
	FFN        int             `json:"intermediate_size"`
	Vocab      int             `json:"vocab_size"`
	MaxPos     int             `json:"max_position_embeddings"`
	Eps        float64         `json:"rms_norm_eps"`
	Theta      float64         `json:"rope_theta"`
	Scaling    *rawRope        `json:"rope_scaling"`
	Parameters *rawRope        `json:"rope_parameters"`
	Tied       *bool           `json:"tie_word_embeddings"`
	Window     *int            `json:"sliding_window"`
	UseWindow  *bool           `json:"use_sliding_window"`
	AttnBias   bool            `json:"attention_bias"`
	MLPBias    bool            `json:"mlp_bias"`
	Act        string          `json:"hidden_act"`
	BOS        json.RawMessage `json:"bos_token_id"`
	EOS        json.RawMessage `json:"eos_token_id"`
	Quant      json.RawMessage `json:"quantization_config"`
	Partial    *float64        `json:"partial_rotary_factor"`
}

type rawRope struct {
	Type     string  `json:"rope_type"`
	OldType  string  `json:"type"`
	Theta    float64 `json:"rope_theta"`
	Factor   float64 `json:"factor"`
	Low      float64 `json:"low_freq_factor"`
	High     float64 `json:"high_freq_factor"`
	Original int     `json:"original_max_position_embeddings"`

	Partial *float64 `json:"partial_rotary_factor"`
}

func (r *rawRope) partial() *float64 {
	if r == nil {
		return nil
	}
	return r.Partial
}

// jsonError names the field whose value has the wrong type, as the file has it.
func jsonError(err error) error {
	var t *json.UnmarshalTypeError
	if errors.As(err, &t) {
		return fmt.Errorf("%s: found %s, wanted %s", t.Field, t.Value, t.Type)
	}
	return err
}

// ParseConfig reads a config.json.
func ParseConfig(data []byte) (Config, error) {
	var r rawConfig
	if err := json.Unmarshal(data, &r); err != nil {
		return Config{}, fmt.Errorf("config.json: %w", jsonError(err))
	}
	c := Config{
		Arch: r.ModelType, Hidden: r.Hidden, Layers: r.Layers, Heads: r.Heads, KVHeads: r.KVHeads, HeadDim: r.HeadDim,
		FFN: r.FFN, Vocab: r.Vocab, MaxPos: r.MaxPos, Eps: float32(r.Eps), RopeTheta: r.Theta, BOS: firstID(r.BOS), EOS: firstID(r.EOS),
	}
	switch r.ModelType {
	case "llama", "mistral":
		if r.AttnBias || r.MLPBias {
			return c, fmt.Errorf("config.json: %s with biases is not supported", r.ModelType)
		}
	case "qwen2":
		c.AttnBias, c.Tied = true, false
	case "qwen3":
		c.QKNorm = true
		if r.AttnBias {
			return c, fmt.Errorf("config.json: qwen3 with attention_bias is not supported")
		}
	default:
		return c, fmt.Errorf("config.json: model_type %q: want llama, mistral, qwen2 or qwen3", r.ModelType)
	}
	if r.Act != "" && r.Act != "silu" {
		return c, fmt.Errorf("config.json: hidden_act %q: want silu", r.Act)
	}
	if len(r.Quant) > 0 && string(r.Quant) != "null" {
		return c, fmt.Errorf("config.json: quantised weights (quantization_config) are not supported; use the original model or a GGUF file")
	}
	for _, p := range []*float64{r.Partial, r.Scaling.partial(), r.Parameters.partial()} {
		if p != nil && *p != 1 {
			return c, fmt.Errorf("config.json: partial_rotary_factor %g is not supported", *p)
		}
	}
	if r.Tied != nil {
		c.Tied = *r.Tied
	}
	if r.Window != nil && (r.UseWindow == nil || *r.UseWindow) && *r.Window > 0 {
		if r.ModelType != "mistral" {
			return c, fmt.Errorf("config.json: sliding-window attention in %s is not supported", r.ModelType)
		}
		c.Window = *r.Window
	}
	if err := c.rope(r.Scaling, r.Parameters); err != nil {
		return c, err
	}
	return c, c.finish()
}

func (c *Config) rope(scaling, params *rawRope) error {
	for _, s := range []*rawRope{scaling, params} {
		if s == nil {
			continue
		}
		if s.Theta > 0 {
			c.RopeTheta = s.Theta
		}
		kind := s.Type
		if kind == "" {
			kind = s.OldType
		}
		switch kind {
		case "", "default":
		case "llama3":
			if s.Factor <= 0 || s.Low <= 0 || s.High <= s.Low || s.Original <= 0 {
				return fmt.Errorf("config.json: rope_scaling llama3 needs factor, low_freq_factor < high_freq_factor and original_max_position_embeddings")
			}
			c.Rope = &RopeScaling{"llama3", s.Factor, s.Low, s.High, s.Original}
		case "linear":
			if s.Factor <= 0 {
				return fmt.Errorf("config.json: rope_scaling linear needs a factor")
			}
			c.Rope = &RopeScaling{Type: "linear", Factor: s.Factor}
		default:
			return fmt.Errorf("config.json: rope type %q: want default, linear or llama3", kind)
		}
	}
	return nil
}

func firstID(raw json.RawMessage) int {
	var one int
	if len(raw) == 0 || string(raw) == "null" {
		return -1
	}
	if json.Unmarshal(raw, &one) == nil {
		return one
	}
	var many []int
	if json.Unmarshal(raw, &many) == nil && len(many) > 0 {
		return many[0]
	}
	return -1
}

// finish fills defaults and refuses what cannot be.
func (c *Config) finish() error {
	if c.KVHeads == 0 {
		c.KVHeads = c.Heads
	}
	if c.HeadDim == 0 && c.Heads > 0 {
		c.HeadDim = c.Hidden / c.Heads
	}
	if c.RopeTheta == 0 {
		c.RopeTheta = 10000
	}
	if c.Eps == 0 {
		c.Eps = 1e-6
	}
	for _, f := range []struct {
		name  string
		value int
		limit int
	}{{"hidden_size", c.Hidden, 1 << 16}, {"num_hidden_layers", c.Layers, 1 << 10}, {"num_attention_heads", c.Heads, 1 << 10}, {"num_key_value_heads", c.KVHeads, 1 << 10},
		{"head_dim", c.HeadDim, 1 << 10}, {"intermediate_size", c.FFN, 1 << 18}, {"vocab_size", c.Vocab, 1 << 20}, {"max_position_embeddings", c.MaxPos, 1 << 24}} {
		if f.value < 1 || f.value > f.limit {
			return fmt.Errorf("config: %s is %d: want 1..%d", f.name, f.value, f.limit)
		}
	}
	if c.Heads%c.KVHeads != 0 {
		return fmt.Errorf("config: %d attention heads cannot share %d key/value heads", c.Heads, c.KVHeads)
	}
	if c.HeadDim%2 != 0 {
		return fmt.Errorf("config: head_dim %d: rotary embedding needs an even one", c.HeadDim)
	}
	for _, id := range []int{c.BOS, c.EOS} {
		if id < -1 || id > math.MaxInt32 {
			return fmt.Errorf("config: token id %d: want 0..%d", id, math.MaxInt32)
		}
	}
	if !(c.Eps > 0 && c.Eps < 1) || !(c.RopeTheta > 1) || math.IsInf(c.RopeTheta, 0) {
		return fmt.Errorf("config: rms_norm_eps %g, rope_theta %g: want small and large positive numbers", c.Eps, c.RopeTheta)
	}
	return nil
}

// configGGUF reads the architecture from GGUF metadata.
func configGGUF(f *gguf.File) (Config, error) {
	arch, _ := f.Meta["general.architecture"].(string)
	c := Config{Arch: arch, BOS: -1, EOS: -1}
	num := func(key string) int {
		switch v := f.Meta[key].(type) {
		case uint64:
			return int(v)
		case int64:
			return int(v)
		}
		return 0
	}
	switch arch {
	case "llama":
	case "qwen2":
		c.AttnBias = true
	case "qwen3":
		c.QKNorm = true
	default:
		return c, fmt.Errorf("%s: architecture %q: want llama, qwen2 or qwen3", f.Path, arch)
	}
	c.Hidden, c.Layers, c.FFN = num(arch+".embedding_length"), num(arch+".block_count"), num(arch+".feed_forward_length")
	c.Heads, c.KVHeads, c.HeadDim = num(arch+".attention.head_count"), num(arch+".attention.head_count_kv"), num(arch+".attention.key_length")
	c.MaxPos, c.Vocab = num(arch+".context_length"), num(arch+".vocab_size")
	if v, ok := f.Meta[arch+".attention.layer_norm_rms_epsilon"].(float64); ok {
		c.Eps = float32(v)
	}
	if v, ok := f.Meta[arch+".rope.freq_base"].(float64); ok {
		c.RopeTheta = v
	}
	if kind, ok := f.Meta[arch+".rope.scaling.type"].(string); ok && kind != "none" {
		return c, fmt.Errorf("%s: rope scaling %q in GGUF is not supported; use the safetensors model", f.Path, kind)
	}
	if f.Tensor("rope_freqs.weight") != nil {
		return c, fmt.Errorf("%s: rope_freqs (Llama 3 scaling) in GGUF is not supported; use the safetensors model", f.Path)
	}
	if t := f.Tensor("token_embd.weight"); t != nil && len(t.Shape) == 2 {
		c.Vocab = t.Shape[0]
	}
	c.Tied = f.Tensor("output.weight") == nil
	if _, ok := f.Meta["tokenizer.ggml.bos_token_id"]; ok {
		c.BOS = num("tokenizer.ggml.bos_token_id")
	}
	if _, ok := f.Meta["tokenizer.ggml.eos_token_id"]; ok {
		c.EOS = num("tokenizer.ggml.eos_token_id")
	}
	if err := c.finish(); err != nil {
		return c, fmt.Errorf("%s: %w", f.Path, err)
	}
	if n := num(arch + ".rope.dimension_count"); n != 0 && n != c.HeadDim {
		return c, fmt.Errorf("%s: rotary embedding of %d of a head's %d dimensions is not supported", f.Path, n, c.HeadDim)
	}
	return c, nil
}

// InvFreq is the rotary embedding's inverse frequencies [HeadDim/2].
func (c *Config) InvFreq() []float64 {
	out := make([]float64, c.HeadDim/2)
	for i := range out {
		f := 1 / compute.Pow64(c.RopeTheta, float64(2*i)/float64(c.HeadDim))
		if s := c.Rope; s != nil {
			f = s.apply(f)
		}
		out[i] = f
	}
	return out
}

func (s *RopeScaling) apply(f float64) float64 {
	if s.Type == "linear" {
		return f / s.Factor
	}
	wave := 2 * math.Pi / f
	switch {
	case wave < float64(s.Original)/s.HighFreq:
		return f
	case wave > float64(s.Original)/s.LowFreq:
		return f / s.Factor
	}
	smooth := (float64(s.Original)/wave - s.LowFreq) / (s.HighFreq - s.LowFreq)
	return float64((1-smooth)*(f/s.Factor)) + float64(smooth*f)
}
