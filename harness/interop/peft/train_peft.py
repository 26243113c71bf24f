"""Trains and judges an exported run (theriac export) with Transformers and PEFT: the same base, first adapter, rows and batches.

usage: python train_peft.py DIR [THREADS]

The rows are tokenised here, from their messages, by the tokenizer that Transformers reads; ids that are not theriac's are an error. Writes
DIR/outcomes.jsonl, {"suite", "id", "match", "nll"} an item: match is whether every response token is the argmax, nll the mean over them in
nats; and DIR/losses.jsonl, {"loss", "grad_norm"} a step. Batches are padded to their longest row, as the Trainer's collator does.
"""
import json
import os
import sys

import torch
import peft
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer

at = sys.argv[1]
if len(sys.argv) > 2:
    torch.set_num_threads(int(sys.argv[2]))
transformers.logging.set_verbosity_error()
run = json.load(open(os.path.join(at, "run.json")))
rows = [json.loads(line) for line in open(os.path.join(at, "train.jsonl"))]
items = [json.loads(line) for line in open(os.path.join(at, "items.jsonl"))]
spec = run["train"]

tokenizer = AutoTokenizer.from_pretrained(os.path.join(at, "base"))
checked = 0
for row in rows:
    if row.get("messages"):
        text = tokenizer.apply_chat_template(row["messages"], tokenize=False)
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        checked += 1
        # theriac ends a row with the end of the last turn; the template may write a line end after it.
        if ids[: len(row["ids"])] != row["ids"] or len(ids) - len(row["ids"]) > 1:
            sys.exit(f"row {row['id']}: Transformers reads other tokens")
print(f"{checked} of {len(rows)} rows tokenised to the same ids", flush=True)


def batch(part):
    """ids, attention, labels [rows, longest]."""
    n = max(len(r["ids"]) for r in part)
    pad = [n - len(r["ids"]) for r in part]
    ids = torch.tensor([r["ids"] + [0] * p for r, p in zip(part, pad)])
    attention = torch.tensor([[1] * len(r["ids"]) + [0] * p for r, p in zip(part, pad)])
    labels = torch.tensor([[i if l else -100 for i, l in zip(r["ids"], r["loss"])] + [-100] * p for r, p in zip(part, pad)])
    return ids, attention, labels


base = AutoModelForCausalLM.from_pretrained(os.path.join(at, "base"), dtype=torch.float32)
model = peft.PeftModel.from_pretrained(base, os.path.join(at, "adapter"), is_trainable=True)
parameters = [p for p in model.parameters() if p.requires_grad]
optimiser = torch.optim.AdamW(parameters, lr=spec["lr"], betas=(spec["beta1"], spec["beta2"]), eps=spec["eps"], weight_decay=spec["decay"])
steps = len(run["steps"])
if spec["schedule"] != "linear" or spec["accumulate"] != 1 or spec["loss"] != "token":
    sys.exit("want a linear schedule, no accumulation, and the mean over tokens")
schedule = transformers.get_linear_schedule_with_warmup(optimiser, int(spec["warmup"] * steps), steps)
model.train()
with open(os.path.join(at, "losses.jsonl"), "w") as out:
    for step, members in enumerate(run["steps"]):
        ids, attention, labels = batch([rows[i] for i in members])
        loss = model(input_ids=ids, attention_mask=attention, labels=labels).loss
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(parameters, spec["clip"] or float("inf"))
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
        print(json.dumps({"loss": loss.item(), "grad_norm": norm.item()}), file=out)
        if step % 25 == 0:
            print(f"step {step}/{steps} loss {loss.item():.3f}", flush=True)

model.eval()
order = sorted(range(len(items)), key=lambda i: len(items[i]["ids"]))  # little padding
found = [None] * len(items)
with torch.no_grad():
    for start in range(0, len(order), 16):
        part = order[start : start + 16]
        ids, attention, labels = batch([items[i] for i in part])
        # The head on the response's rows alone: logits of every row would not fit.
        hidden = model.base_model.model.model(input_ids=ids, attention_mask=attention).last_hidden_state
        for k, i in enumerate(part):
            rows_ = (labels[k, 1:] != -100).nonzero().flatten()
            logits = model.base_model.model.lm_head(hidden[k, rows_])
            want = labels[k, 1:][rows_]
            found[i] = {
                "suite": items[i]["suite"],
                "id": items[i]["id"],
                "match": bool((logits.argmax(-1) == want).all()),
                "nll": torch.nn.functional.cross_entropy(logits, want).item(),
            }
        if start % 160 == 0:
            print(f"item {start}/{len(order)}", flush=True)
with open(os.path.join(at, "outcomes.jsonl"), "w") as out:
    for f in found:
        print(json.dumps(f), file=out)
