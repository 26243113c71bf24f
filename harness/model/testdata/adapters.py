"""Writes adapters/: a tiny Llama model, adapters that PEFT saved for it, and the weights after PEFT's merge_and_unload.

    python adapters.py        # needs torch, transformers, peft

  base/                 config.json, model.safetensors
  NAME/                 the adapter
  NAME.safetensors      the merged weights that differ from the base's
"""
import os
import shutil

import peft
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "adapters")
shutil.rmtree(here, ignore_errors=True)
os.makedirs(here)
os.chdir(here)  # so that no path of this machine is written
config = LlamaConfig(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, vocab_size=13,
                     max_position_embeddings=32, bos_token_id=1, eos_token_id=2, rms_norm_eps=1e-5, tie_word_embeddings=True, initializer_range=0.2)
torch.manual_seed(1)
AutoModelForCausalLM.from_config(config).float().save_pretrained("base")
os.remove("base/generation_config.json")

adapters = {
    "plain": peft.LoraConfig(r=3, lora_alpha=5, lora_dropout=0.1, task_type="CAUSAL_LM",
                             target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]),
    "rslora": peft.LoraConfig(r=4, lora_alpha=6, use_rslora=True, task_type="CAUSAL_LM", target_modules=["q_proj", "down_proj"], layers_to_transform=[1]),
    "half": peft.LoraConfig(r=2, lora_alpha=4, task_type="CAUSAL_LM", target_modules="all-linear"),
}
for name, adapter in adapters.items():
    base = AutoModelForCausalLM.from_pretrained("base", dtype=torch.float32)
    before = {k: v.clone() for k, v in base.state_dict().items()}
    model = peft.get_peft_model(base, adapter)
    for n, p in model.named_parameters():
        if "lora_" in n:
            torch.nn.init.normal_(p, 0, 0.3)
            if name == "half":
                p.data = p.data.to(torch.bfloat16)
    model.save_pretrained(name)
    readme = os.path.join(name, "README.md")
    if os.path.exists(readme):
        os.remove(readme)
    merged = model.float().merge_and_unload().state_dict()
    changed = {k: v.contiguous() for k, v in merged.items() if not torch.equal(v, before[k])}
    save_file(changed, name + ".safetensors")
    print(name, len(changed), "weights changed")
