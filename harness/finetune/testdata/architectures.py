"""Writes arch/NAME/: tiny random models of each architecture with what Transformers and PEFT compute on them.

  config.json model.safetensors   the model
  adapter/                        a PEFT adapter with random A and B
  reference.json                  token sequences, logits, the loss of base and adapter
  grads.safetensors               d loss / d every weight of the base ("full.NAME") and d loss / d every LoRA matrix ("lora.NAME")
"""
import json, os, shutil
import torch
import transformers, peft
from safetensors.torch import save_file
from transformers import LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config, AutoModelForCausalLM

here = os.path.dirname(os.path.abspath(__file__))
common = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, vocab_size=61,
              max_position_embeddings=128, bos_token_id=1, eos_token_id=2, pad_token_id=None, torch_dtype="float32", initializer_range=0.2)
configs = {
    "llama": LlamaConfig(**common, rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=True),
    "llama3": LlamaConfig(**common, rms_norm_eps=1e-5, rope_theta=500000.0, tie_word_embeddings=False,
                          rope_scaling={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}),
    "mistral": MistralConfig(**common, rms_norm_eps=1e-5, rope_theta=10000.0, sliding_window=6, tie_word_embeddings=False),
    "qwen2": Qwen2Config(**common, rms_norm_eps=1e-6, rope_theta=1e6, tie_word_embeddings=True, use_sliding_window=False),
    "qwen3": Qwen3Config(**common, head_dim=16, rms_norm_eps=1e-6, rope_theta=1e6, tie_word_embeddings=True),
}
sequences = [[1, 5, 9, 33, 60, 2, 7, 7, 12, 40, 3], [1, 17, 18, 19, 20, 21, 22, 23, 24], [4, 58, 2, 11, 30, 30, 30, 8, 1, 0, 6, 44, 51]]
response_from = [4, 6, 5]

def loss_of(model):
    """Token-mean over the responses of all sequences together."""
    total, n = 0.0, 0
    for s, f in zip(sequences, response_from):
        logits = model(torch.tensor([s])).logits[0]
        total = total + torch.nn.functional.cross_entropy(logits[f - 1 : -1], torch.tensor(s[f:]), reduction="sum")
        n += len(s) - f
    return total / n

for name, cfg in configs.items():
    torch.manual_seed(1)
    cfg._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_config(cfg).float()
    for n, p in model.named_parameters():  # norms and biases that matter
        if "norm" in n:
            torch.nn.init.uniform_(p, 0.5, 1.5)
        if n.endswith("bias"):
            torch.nn.init.uniform_(p, -0.5, 0.5)
    out = os.path.join(here, "arch", name)
    shutil.rmtree(out, ignore_errors=True)
    model.save_pretrained(out)
    for extra in ("generation_config.json",):
        if os.path.exists(os.path.join(out, extra)):
            os.remove(os.path.join(out, extra))
    grads, ref = {}, {"sequences": sequences, "from": response_from}
    with torch.no_grad():
        ref["logits"] = [[[round(float(v), 6) for v in row] for row in model(torch.tensor([s])).logits[0]] for s in sequences]
    loss = loss_of(model)
    loss.backward()
    ref["loss"] = float(loss.detach())
    for n, p in model.named_parameters():
        grads["full." + n] = p.grad.clone()
    model.zero_grad()
    lora = peft.get_peft_model(model, peft.LoraConfig(r=3, lora_alpha=5, task_type="CAUSAL_LM",
        target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]))
    for n, p in lora.named_parameters():
        if "lora_" in n:
            torch.nn.init.normal_(p, 0, 0.2)
    lora.save_pretrained(os.path.join(out, "adapter"))
    readme = os.path.join(out, "adapter", "README.md")
    if os.path.exists(readme):
        os.remove(readme)
    with torch.no_grad():
        ref["adapter_logits"] = [[[round(float(v), 6) for v in row] for row in lora(torch.tensor([s])).logits[0]] for s in sequences]
    loss = loss_of(lora)
    loss.backward()
    ref["adapter_loss"] = float(loss.detach())
    for n, p in lora.named_parameters():
        if "lora_" in n:
            grads["lora." + n.replace("base_model.model.", "", 1).replace(".default", "")] = p.grad.clone()
    save_file(grads, os.path.join(out, "grads.safetensors"))
    json.dump(ref, open(os.path.join(out, "reference.json"), "w"), separators=(",", ":"))
    print(name, ref["loss"], ref["adapter_loss"])
