package model

import (
	"strconv"
	"strings"
)

// torchTypes are PyTorch's names of the types that weights are written in.
var torchTypes = map[string]string{"BF16": "bfloat16", "F16": "float16", "F32": "float32"}

// classes are the architectures' names in Transformers.
var classes = map[string]string{
	"llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM",
}

// real is a number that Python reads as a float: Transformers 4 wants one where rope scaling has one.
type real float64

func (r real) MarshalJSON() ([]byte, error) {
	s := strconv.FormatFloat(float64(r), 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return []byte(s), nil
}

// json is config.json: rotary embedding both as Transformers 4 (rope_theta, rope_scaling) and as 5 (rope_parameters) have it.
// original is the config.json that the model came with, or nil; of it the token ids are kept, for Config has only the first of several.
func (c *Config) json(original map[string]any, dtype string) map[string]any {
	out := map[string]any{
		"architectures": []string{classes[c.Arch]}, "model_type": c.Arch, "torch_dtype": dtype, "dtype": dtype,
		"hidden_size": c.Hidden, "intermediate_size": c.FFN, "num_hidden_layers": c.Layers, "num_attention_heads": c.Heads,
		"num_key_value_heads": c.KVHeads, "head_dim": c.HeadDim, "vocab_size": c.Vocab, "max_position_embeddings": c.MaxPos,
		"rms_norm_eps": c.Eps, "hidden_act": "silu", "tie_word_embeddings": c.Tied, "attention_dropout": real(0), "use_cache": true,
		"initializer_range": real(0.02), "rope_theta": real(c.RopeTheta), "bos_token_id": nil, "eos_token_id": nil,
	}
	rope := map[string]any{"rope_type": "default"}
	if s := c.Rope; s != nil {
		rope = map[string]any{"rope_type": s.Type, "factor": real(s.Factor)}
		if s.Type == "llama3" {
			rope["low_freq_factor"], rope["high_freq_factor"] = real(s.LowFreq), real(s.HighFreq)
			rope["original_max_position_embeddings"] = s.Original
		}
		scaling := map[string]any{}
		for k, v := range rope {
			scaling[k] = v
		}
		out["rope_scaling"] = scaling
	}
	rope["rope_theta"] = real(c.RopeTheta)
	out["rope_parameters"] = rope
	switch c.Arch {
	case "llama":
		out["attention_bias"], out["mlp_bias"] = false, false
	case "mistral":
		out["sliding_window"] = nil
		if c.Window > 0 {
			out["sliding_window"] = c.Window
		}
	case "qwen2":
		out["use_sliding_window"] = false
	case "qwen3":
		out["use_sliding_window"], out["attention_bias"] = false, false
	}
	if c.BOS >= 0 {
		out["bos_token_id"] = c.BOS
	}
	if c.EOS >= 0 {
		out["eos_token_id"] = c.EOS
	}
	for _, k := range []string{"bos_token_id", "eos_token_id", "pad_token_id"} {
		if v := original[k]; v != nil {
			out[k] = v
		}
	}
	return out
}

// kept are the keys of tokenizer_config.json that a written model keeps. Others name files or code that are not written.
var kept = []string{
	"add_bos_token", "add_eos_token", "add_prefix_space", "bos_token", "clean_up_tokenization_spaces", "eos_token", "errors",
	"model_max_length", "pad_token", "padding_side", "split_special_tokens", "tokenizer_class", "truncation_side", "unk_token",
}

// tokenizerFiles are tokenizer.json and tokenizer_config.json; nil if the model has no tokenizer.
func (m *Model) tokenizerFiles() (tokenizer []byte, config map[string]any, err error) {
	if len(m.TokenizerJSON) == 0 && m.GGUF == nil {
		return nil, nil, nil
	}
	if tokenizer = m.TokenizerJSON; len(tokenizer) == 0 {
		t, err := m.Tokenizer()
		if err != nil {
			return nil, nil, err
		}
		tokenizer = t.JSON()
	}
	original, err := m.original("tokenizer_config.json")
	if err != nil {
		return nil, nil, err
	}
	config = map[string]any{
		"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false, "model_max_length": m.Config.MaxPos,
		"bos_token": nil, "eos_token": nil, "pad_token": nil,
	}
	if original != nil {
		for _, k := range kept {
			if v, ok := original[k]; ok {
				config[k] = v
			}
		}
	} else if err := m.specialTokens(config); err != nil {
		return nil, nil, err
	}
	if m.ChatTemplate != "" {
		config["chat_template"] = m.ChatTemplate
	}
	return tokenizer, config, nil
}

// specialTokens sets the special tokens from the ids in the configuration and in GGUF metadata.
func (m *Model) specialTokens(config map[string]any) error {
	t, err := m.Tokenizer()
	if err != nil {
		return err
	}
	ids := map[string]int{"bos_token": m.Config.BOS, "eos_token": m.Config.EOS, "pad_token": -1}
	if m.GGUF != nil {
		if v, ok := m.GGUF.Meta["tokenizer.ggml.padding_token_id"].(uint64); ok && v < 1<<31 {
			ids["pad_token"] = int(v)
		}
	}
	for k, id := range ids {
		if s := t.Bytes(int32(id)); id >= 0 && s != "" {
			config[k] = s
		}
	}
	return nil
}
