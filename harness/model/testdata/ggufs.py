"""Writes gguf/NAME.gguf, tiny random models, by gguf-py, and gguf/reference.json: the configuration and the SHA-256 of every tensor
(float32, little-endian) as Transformers loads them from these files. It reads no Qwen3 file with heads of 8 dimensions, so Qwen3's tensors
are gguf-py's own.

    python ggufs.py        # needs gguf, numpy, torch, transformers
"""
import hashlib
import json
import os
import shutil

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Q
from gguf.quants import dequantize, quantize
from transformers import AutoModelForCausalLM

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gguf")
shutil.rmtree(here, ignore_errors=True)
os.makedirs(here)
hidden, ffn, heads, kv, dim, vocab, layers = 32, 32, 4, 2, 8, 16, 1
kinds = [Q.Q8_0, Q.Q4_0, Q.F16, Q.BF16, Q.Q4_1, Q.F32]
reference = {}
for arch in ("llama", "qwen2", "qwen3"):
    r = np.random.default_rng(3)
    w = gguf.GGUFWriter(os.path.join(here, arch + ".gguf"), arch)
    w.add_block_count(layers)
    w.add_context_length(64)
    w.add_embedding_length(hidden)
    w.add_feed_forward_length(ffn)
    w.add_head_count(heads)
    w.add_head_count_kv(kv)
    w.add_key_length(dim)
    w.add_value_length(dim)
    w.add_layer_norm_rms_eps(1e-5)
    w.add_rope_freq_base(20000.0)
    w.add_rope_dimension_count(dim)
    w.add_vocab_size(vocab)
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("gpt-2")
    w.add_token_list([chr(97 + i) for i in range(vocab - 1)] + ["ab"])
    w.add_token_types([1] * vocab)
    w.add_token_merges(["a b"])
    count, own = 0, {}

    def add(name, *shape):
        global count
        x = r.standard_normal(shape).astype(np.float32)
        kind = Q.F32 if len(shape) == 1 else kinds[count % len(kinds)]
        count += 1
        q = quantize(x, kind)
        w.add_tensor(name, q, raw_dtype=kind)
        own[name] = dequantize(q, kind).astype("<f4")

    add("token_embd.weight", vocab, hidden)
    for i in range(layers):
        b = f"blk.{i}."
        add(b + "attn_norm.weight", hidden)
        add(b + "attn_q.weight", heads * dim, hidden)
        add(b + "attn_k.weight", kv * dim, hidden)
        add(b + "attn_v.weight", kv * dim, hidden)
        add(b + "attn_output.weight", hidden, heads * dim)
        if arch == "qwen2":
            add(b + "attn_q.bias", heads * dim)
            add(b + "attn_k.bias", kv * dim)
            add(b + "attn_v.bias", kv * dim)
        if arch == "qwen3":
            add(b + "attn_q_norm.weight", dim)
            add(b + "attn_k_norm.weight", dim)
        add(b + "ffn_norm.weight", hidden)
        add(b + "ffn_gate.weight", ffn, hidden)
        add(b + "ffn_up.weight", ffn, hidden)
        add(b + "ffn_down.weight", hidden, ffn)
    add("output_norm.weight", hidden)
    if arch == "qwen2":
        add("output.weight", vocab, hidden)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    config = {"Arch": arch, "Hidden": hidden, "Layers": layers, "Heads": heads, "KVHeads": kv, "HeadDim": dim, "FFN": ffn, "Vocab": vocab, "MaxPos": 64,
              "RopeTheta": 20000.0, "Eps": 1e-5, "Tied": True, "BOS": 1, "EOS": 2, "QKNorm": arch == "qwen3", "AttnBias": arch == "qwen2"}
    if arch == "qwen3":
        tensors = {}
        for k, v in own.items():
            for a, b in (("token_embd", "model.embed_tokens"), ("output_norm", "model.norm"), ("blk.", "model.layers."), ("attn_norm", "input_layernorm"),
                         ("ffn_norm", "post_attention_layernorm"), ("attn_output", "self_attn.o_proj"), ("attn_q_norm", "self_attn.q_norm"),
                         ("attn_k_norm", "self_attn.k_norm"), ("attn_q", "self_attn.q_proj"), ("attn_k", "self_attn.k_proj"), ("attn_v", "self_attn.v_proj"),
                         ("ffn_gate", "mlp.gate_proj"), ("ffn_up", "mlp.up_proj"), ("ffn_down", "mlp.down_proj")):
                if a == "blk." or a + "." in k:
                    k = k.replace(a, b)
            tensors[k] = v
    else:
        model = AutoModelForCausalLM.from_pretrained(here, gguf_file=arch + ".gguf", dtype=torch.float32)
        c = model.config
        config.update(Hidden=c.hidden_size, Layers=c.num_hidden_layers, Heads=c.num_attention_heads, KVHeads=c.num_key_value_heads, FFN=c.intermediate_size,
                      Vocab=c.vocab_size, MaxPos=c.max_position_embeddings, RopeTheta=c.rope_parameters["rope_theta"], Eps=c.rms_norm_eps,
                      BOS=c.bos_token_id, EOS=c.eos_token_id, Tied=bool(c.tie_word_embeddings))
        tensors = {k: v.float().contiguous().numpy().astype("<f4") for k, v in model.state_dict().items()}
    reference[arch] = {"config": config, "tensors": {k: hashlib.sha256(v.tobytes()).hexdigest() for k, v in tensors.items()}}
    print(arch, len(reference[arch]["tensors"]), reference[arch]["config"])
with open(os.path.join(here, "reference.json"), "w") as f:
    json.dump(reference, f, indent=1)
    f.write("\n")
