"""Trains LoRA with Transformers + PEFT on token rows and prints one JSON line per run.

usage: python train_peft.py GGUF ROWS.jsonl EPOCHS BATCH TOP RUNS THREADS
ROWS.jsonl holds {"ids": [...], "from": first response token}; TOP is the number of top layers (0: all).
Rows are padded to the longest of their batch, as the Trainer's collator does; tokens counts real ones.
"""
import json, os, resource, sys, time
# This file must not be called peft.py: it would shadow the package.
import torch
import transformers, peft
from transformers import AutoModelForCausalLM

path, rows_file, epochs, batch, top, runs, threads = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:8])
torch.set_num_threads(threads)
clock = time.process_time if threads == 1 else time.perf_counter  # one thread: the time it has had on a core
folder, file = os.path.split(path)
base = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
rows = [json.loads(l) for l in open(rows_file)]
targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
layers = None if top == 0 else list(range(base.config.num_hidden_layers - top, base.config.num_hidden_layers))
for run in range(runs):
    torch.manual_seed(run)
    model = peft.get_peft_model(base, peft.LoraConfig(r=8, lora_alpha=16, target_modules=targets, layers_to_transform=layers, task_type="CAUSAL_LM"))
    params = [p for p in model.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=5e-4, weight_decay=0.0)
    steps = epochs * ((len(rows) + batch - 1) // batch)
    sched = transformers.get_linear_schedule_with_warmup(opt, 0, steps)
    model.train()
    # One step of warm-up is not counted.
    first, start, tokens, padded, last = True, clock(), 0, 0, 0.0
    for epoch in range(epochs):
        order = torch.randperm(len(rows)).tolist()
        for at in range(0, len(order), batch):
            part = [rows[i] for i in order[at : at + batch]]
            n = max(len(r["ids"]) for r in part)
            ids = torch.tensor([r["ids"] + [2] * (n - len(r["ids"])) for r in part])
            att = torch.tensor([[1] * len(r["ids"]) + [0] * (n - len(r["ids"])) for r in part])
            lab = torch.tensor([[-100] * r["from"] + r["ids"][r["from"] :] + [-100] * (n - len(r["ids"])) for r in part])
            loss = model(input_ids=ids, attention_mask=att, labels=lab).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(params, 1.0)
            opt.step(); sched.step(); opt.zero_grad()
            last = float(loss.detach())
            if first:
                first, start = False, clock()
            else:
                tokens += int(att.sum()); padded += att.numel()
    seconds = clock() - start
    print(json.dumps({"tokens": tokens, "padded": padded, "seconds": seconds, "loss": last,
                      "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}), flush=True)
    base = model.unload()
