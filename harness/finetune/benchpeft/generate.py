"""Continues prompts greedily with Transformers and its KV cache, one after the other, and prints one JSON line.

usage: python generate.py GGUF PROMPTS.jsonl NEW THREADS
PROMPTS.jsonl holds {"ids": [...]}.
"""
import json
import os
import sys
import time

import torch
from transformers import AutoModelForCausalLM

path, prompts, new, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
torch.set_num_threads(threads)
clock = time.process_time if threads == 1 else time.perf_counter  # one thread: the time it has had on a core
folder, file = os.path.split(path)
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32).eval()
rows = [torch.tensor([json.loads(line)["ids"]]) for line in open(prompts)]


def answer(ids):
    with torch.no_grad():
        return model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, use_cache=True, min_new_tokens=new, max_new_tokens=new, pad_token_id=2)


answer(rows[0])
start = clock()
for ids in rows:
    answer(ids)
print(json.dumps({"tokens": new * len(rows), "seconds": clock() - start}))
