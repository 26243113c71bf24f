"""The PyTorch side of gpu-check; needs torch, transformers and peft, and no network.

usage: python peft.py model DIR                      writes a model of SmolLM2-135M's shape with random weights
       python peft.py train DIR ROWS.jsonl BATCH RUNS highest|high  trains LoRA runs one after the other on the GPU, one JSON line
ROWS.jsonl holds {"ids": [...], "from": first response token}. Rows are padded to the longest of their batch; tokens counts real ones; seconds are the
steps' alone. high lets products round to TF32.
"""
import json
import sys
import time

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM

if sys.argv[1] == "model":
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=49152, hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
                         num_key_value_heads=3, max_position_embeddings=2048, rms_norm_eps=1e-5, rope_theta=100000.0,
                         tie_word_embeddings=True, initializer_range=0.04, bos_token_id=1, eos_token_id=2)
    LlamaForCausalLM(config).to(torch.float32).save_pretrained(sys.argv[2])
    sys.exit()

import peft

torch.set_float32_matmul_precision(sys.argv[6])
path, rows_file, batch, runs = sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
base = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32).cuda()
rows = [json.loads(line) for line in open(rows_file)]
targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def train(measure):
    global base
    model = peft.get_peft_model(base, peft.LoraConfig(r=8, lora_alpha=16, target_modules=targets, task_type="CAUSAL_LM"))
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=2e-4, weight_decay=0.0)
    model.train()
    tokens = 0
    torch.cuda.synchronize()
    start = time.perf_counter()
    for at in range(0, len(rows) if measure else batch, batch):
        part = rows[at : at + batch]
        n = max(len(r["ids"]) for r in part)
        ids = torch.tensor([r["ids"] + [2] * (n - len(r["ids"])) for r in part]).cuda()
        att = torch.tensor([[1] * len(r["ids"]) + [0] * (n - len(r["ids"])) for r in part]).cuda()
        lab = torch.tensor([[-100] * r["from"] + r["ids"][r["from"] :] + [-100] * (n - len(r["ids"])) for r in part]).cuda()
        loss = model(input_ids=ids, attention_mask=att, labels=lab).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params, 1.0)
        opt.step()
        opt.zero_grad()
        tokens += sum(len(r["ids"]) for r in part)
    torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    base = model.unload()
    return tokens, seconds


train(False)
all_runs = [train(True) for _ in range(runs)]
print(json.dumps({"tokens": sum(t for t, _ in all_runs), "seconds": sum(s for _, s in all_runs)}))
