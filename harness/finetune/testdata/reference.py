"""Writes smollm2.json.gz: what Transformers and PEFT compute on SmolLM2-135M-Instruct.

usage: python reference.py FILE.gguf [OUT]

Holds, for texts of our own:
  logits     for 12 texts, at every position, the logits of 64 fixed vocabulary entries and the argmax
  greedy     64 continuations of 32 tokens, with the margin between the best two logits at every step
  curve      the loss of 50 LoRA steps (r=8, alpha=16, all linear layers, AdamW 5e-4 linear decay, batch 4, clip 1),
             A matrices from the formula in lora_a below, B zero, batches in the order of the rows
"""
import gzip, json, math, os, sys
import numpy as np
import torch
import transformers, peft
from transformers import AutoModelForCausalLM, AutoTokenizer

torch.manual_seed(0)
path = sys.argv[1]
out = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "smollm2.json.gz")
folder, file = os.path.split(path)
tok = AutoTokenizer.from_pretrained(folder, gguf_file=file)
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
model.eval()

NAMES = ["Ada", "Boris", "Chen", "Dalia", "Emeka", "Fatou", "Greta", "Hiro", "Ines", "Jonas", "Kavya", "Liam", "Mei", "Nadia", "Omar", "Priya"]
THINGS = ["a red kite", "two clay pots", "the old map", "a brass lamp", "fresh bread", "a wool coat", "seven eggs", "the blue boat"]
PLACES = ["the harbour", "a mountain hut", "the library", "the night market", "an empty station", "the river bank", "a small island", "the town hall"]
TASKS = ["Write one sentence about {n}, who carries {t} to {p}.", "Why would {n} take {t} to {p}?", "List three things that {n} could do with {t} at {p}.",
         "Rewrite politely: {n}, bring {t} to {p} now!"]

def prompt(i):
    return TASKS[i % 4].format(n=NAMES[i % 16], t=THINGS[(i // 3) % 8], p=PLACES[(i // 5) % 8])

def chat(user, answer=None):
    msgs = [{"role": "user", "content": user}]
    head = tok.apply_chat_template(msgs, add_generation_prompt=True, tokenize=False)
    a = tok(head, add_special_tokens=False)["input_ids"]
    if answer is None:
        return a
    return a, tok(answer + "<|im_end|>", add_special_tokens=False)["input_ids"]

ENTRIES = [(i * 769 + 11) % 49152 for i in range(64)]
result = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}, "entries": ENTRIES}

logits = []
with torch.no_grad():
    for i in range(12):
        ids = tok(prompt(i) + " " + " ".join(prompt(j) for j in range(i)), add_special_tokens=False)["input_ids"][: 20 + 12 * i]
        l = model(torch.tensor([ids])).logits[0]
        logits.append({"ids": ids, "logits": [[round(float(v), 5) for v in row[ENTRIES]] for row in l], "argmax": l.argmax(-1).tolist()})
result["logits"] = logits

greedy = []
with torch.no_grad():
    for i in range(64):
        ids = chat(prompt(i + 7))
        past, cur, new, margin = None, torch.tensor([ids]), [], []
        for _ in range(32):
            o = model(cur, past_key_values=past, use_cache=True)
            past = o.past_key_values
            best = torch.topk(o.logits[0, -1], 2)
            margin.append(round(float(best.values[0] - best.values[1]), 6))
            t = int(best.indices[0])
            new.append(t)
            if t == 2:
                break
            cur = torch.tensor([[t]])
        greedy.append({"ids": ids, "new": new, "margin": margin})
result["greedy"] = greedy

M = (1 << 64) - 1
def mix(z):
    z = (z + 0x9E3779B97F4A7C15) & M
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M
    return z ^ (z >> 31)

def lora_a(layer, module, rows, cols):
    """a[i] = (2*(mix(key+i)>>40)/2^24 - 1)/sqrt(cols), key = mix(layer*16+module), in float32."""
    key = mix(layer * 16 + module)
    z = (np.arange(rows * cols, dtype=np.uint64) + np.uint64(key)) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    u = (z >> np.uint64(40)).astype(np.float32) / np.float32(1 << 24)
    return ((2 * u - 1) * np.float32(1 / math.sqrt(cols))).reshape(rows, cols).astype(np.float32)

MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
rows = []
for i in range(200):
    answer = f"{NAMES[(i * 7) % 16]} brings {THINGS[(i * 5) % 8]} to {PLACES[(i * 3) % 8]}, number {i}."
    a, b = chat(prompt(i), answer)
    rows.append({"prompt": a, "response": b})

lora = peft.LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, bias="none", task_type="CAUSAL_LM", target_modules=MODULES)
m = peft.get_peft_model(model, lora)
with torch.no_grad():
    for name, p in m.named_parameters():
        if "lora_A" in name:
            layer = int(name.split(".layers.")[1].split(".")[0])
            mod = next(i for i, s in enumerate(MODULES) if "." + s + "." in name)
            p.copy_(torch.from_numpy(lora_a(layer, mod, *p.shape)))
        if "lora_B" in name:
            p.zero_()
params = [p for p in m.parameters() if p.requires_grad]
opt = torch.optim.AdamW(params, lr=5e-4, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0)
sched = transformers.get_linear_schedule_with_warmup(opt, 0, 50)
m.train()
curve, norms = [], []
for s in range(50):
    batch = rows[4 * s : 4 * s + 4]
    n = max(len(r["prompt"]) + len(r["response"]) for r in batch)
    ids, lab, att = [], [], []
    for r in batch:
        x = r["prompt"] + r["response"]
        pad = n - len(x)
        ids.append(x + [2] * pad)
        lab.append([-100] * len(r["prompt"]) + r["response"] + [-100] * pad)
        att.append([1] * len(x) + [0] * pad)
    loss = m(input_ids=torch.tensor(ids), attention_mask=torch.tensor(att), labels=torch.tensor(lab)).loss
    loss.backward()
    norms.append(float(torch.nn.utils.clip_grad_norm_(params, 1.0)))
    opt.step(); sched.step(); opt.zero_grad()
    curve.append(float(loss.detach()))
    print(s, curve[-1], norms[-1], file=sys.stderr, flush=True)
result["rows"], result["curve"], result["norms"] = rows, curve, norms

with open(out, "wb") as f:
    with gzip.GzipFile(fileobj=f, mode="wb", mtime=0) as z:
        z.write(json.dumps(result, separators=(",", ":")).encode())
print(os.path.getsize(out), "bytes")
