"""Holds theriac against Transformers, PEFT, huggingface_hub and gguf-py, as `make interop` does.

    python harness/interop/interop.py [--only TEXT]

It remakes the reference dumps that the tests use and compares them with the committed ones; it passes adapters, merged models and downloads
both ways and compares logits. THERIAC_SMOLLM2 names SmolLM2's GGUF file; go must be on the PATH. Nothing in the repository is changed; a
small hub answers on loopback, no other network is used. One line a check; the exit code is 1 if one failed.
requirements.txt has the versions that it was last run with.
"""
import argparse
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["TQDM_DISABLE"] = "1"
import numpy as np
import torch
import peft
import transformers
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.dirname(os.path.dirname(here))
sys.path.insert(0, here)
import loopback

warnings.simplefilter("ignore")
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
FINETUNE = os.path.join(root, "harness/finetune/testdata")
TOKEN = os.path.join(root, "harness/token/testdata")
MODEL = os.path.join(root, "harness/model")
ARCHITECTURES = ["llama", "llama3", "mistral", "qwen2", "qwen3"]
failed = []


def row(name, measured, limit, fine):
    """One line of the table."""
    if not fine:
        failed.append(name)
    print(f"{name:<58} {measured:>24} {limit:>16}  {'ok' if fine else 'FAILED'}", flush=True)


def near(name, difference, limit):
    """A line for a difference; NaN fails."""
    row(name, f"{difference:.2g}", f"<= {limit:g}", bool(difference <= limit))


def same(name, count, total):
    row(name, f"{count} of {total}", "all", count == total and total > 0)


def run(*command, **more):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    if done.returncode:
        raise RuntimeError(f"{os.path.basename(command[0])} {' '.join(command[1:3])}: {done.stderr.strip()[-400:]}")
    return done.stdout.strip()


def go(*args, **more):
    return run(os.path.join(tmp, "interop"), *args, **more)


def ours(model, adapter, sequences, vocab):
    """theriac's logits, one array a sequence."""
    tokens, out = os.path.join(tmp, "tokens.json"), os.path.join(tmp, "logits")
    with open(tokens, "w") as f:
        json.dump(sequences, f)
    go("logits", model, adapter, tokens, out)
    flat = np.fromfile(out, dtype="<f4").reshape(-1, vocab)
    os.remove(out)
    return np.split(flat, np.cumsum([len(s) for s in sequences])[:-1])


def theirs(model, sequences):
    model.eval()
    with torch.no_grad():
        return [model(torch.tensor([s])).logits[0].float().numpy() for s in sequences]


def gap(a, b):
    return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))


def remake(folder, script, *args):
    """Runs a script of testdata in a copy of nothing but itself and gives the directory where it wrote."""
    at = tempfile.mkdtemp(dir=tmp)
    shutil.copy(os.path.join(folder, script), at)
    for extra in ("train.txt",):
        if os.path.exists(os.path.join(folder, extra)):
            shutil.copy(os.path.join(folder, extra), at)
    run(sys.executable, script, *args, cwd=at)
    return at


def gzjson(path):
    with gzip.open(path) as f:
        return json.load(f)


def relative(a, b):
    """The distance of two tensors by the norm of the second."""
    return float(np.linalg.norm(a.astype(np.float64) - b) / (np.linalg.norm(b.astype(np.float64)) + 1e-12))


# The reference dumps.

def dump_tokens():
    new = gzjson(os.path.join(remake(TOKEN, "tokens.py", *os.path.split(smol)), "tokens.json.gz"))
    old = gzjson(os.path.join(TOKEN, "tokens.json.gz"))
    same("tokens.py: texts with the committed ids", sum(a == b for a, b in zip(new, old)), max(len(new), len(old)))


def dump_templates():
    at = remake(TOKEN, "templates.py")
    for name in ("templates.json", "trained.json"):
        new, old = (json.load(open(os.path.join(d, name))) for d in (at, TOKEN))
        if isinstance(new, dict):
            new, old = (list(d["vocab"].items()) + d["merges"] for d in (new, old))
        same(f"templates.py: entries of {name}", sum(a == b for a, b in zip(new, old)), max(len(new), len(old)))


def dump_architectures():
    at = os.path.join(remake(FINETUNE, "architectures.py"), "arch")
    for arch in ARCHITECTURES:
        new, old = os.path.join(at, arch), os.path.join(FINETUNE, "arch", arch)
        for file in ("model.safetensors", "adapter/adapter_model.safetensors", "grads.safetensors"):
            a, b = load_file(os.path.join(new, file)), load_file(os.path.join(old, file))
            worst = max(relative(a[k], b[k]) for k in b) if a.keys() == b.keys() else float("nan")
            near(f"architectures.py: {arch} {os.path.basename(file)}", worst, 1e-4 if "grads" in file else 0)
        a, b = (json.load(open(os.path.join(d, "reference.json"))) for d in (new, old))
        for key in ("logits", "adapter_logits"):
            near(f"architectures.py: {arch} {key}", gap([np.array(x) for x in a[key]], [np.array(x) for x in b[key]]), 1e-4)
        near(f"architectures.py: {arch} losses", max(abs(a[k] - b[k]) for k in ("loss", "adapter_loss")), 1e-5)


def dump_smollm2():
    out = os.path.join(tmp, "smollm2.json.gz")
    run(sys.executable, os.path.join(FINETUNE, "reference.py"), smol, out)
    new, old = gzjson(out), gzjson(os.path.join(FINETUNE, "smollm2.json.gz"))
    for key in ("entries", "rows"):
        same(f"reference.py: {key}", sum(a == b for a, b in zip(new[key], old[key])), max(len(new[key]), len(old[key])))
    same("reference.py: texts of the logits", sum(a["ids"] == b["ids"] for a, b in zip(new["logits"], old["logits"])), len(old["logits"]))
    near("reference.py: logits", gap([np.array(x["logits"]) for x in new["logits"]], [np.array(x["logits"]) for x in old["logits"]]), 1e-3)
    good = 0
    for a, b in zip(new["greedy"], old["greedy"]):
        first = next((i for i, (x, y) in enumerate(zip(a["new"], b["new"])) if x != y), None)
        good += a["ids"] == b["ids"] and (first is None and len(a["new"]) == len(b["new"]) or first is not None and b["margin"][first] < 1e-3)
    same("reference.py: greedy generations (ties below 1e-3 aside)", good, len(old["greedy"]))
    for key in ("curve", "norms"):
        near(f"reference.py: {key} of 50 LoRA steps", gap([np.array(new[key])], [np.array(old[key])]), 1e-3 if key == "curve" else 1e-2)


def dump_model():
    at = os.path.join(remake(os.path.join(MODEL, "testdata"), "adapters.py"), "adapters")
    for name in ("plain", "rslora", "half"):
        a, b = (load_file_any(os.path.join(d, name + ".safetensors")) for d in (at, os.path.join(MODEL, "testdata/adapters")))
        near(f"adapters.py: {name}, merged", max(relative(a[k], b[k]) for k in b) if a.keys() == b.keys() else float("nan"), 1e-6)
    at = os.path.join(remake(os.path.join(MODEL, "testdata"), "ggufs.py"), "gguf")
    new, old = (json.load(open(os.path.join(d, "reference.json"))) for d in (at, os.path.join(MODEL, "testdata/gguf")))
    for arch in old:
        tensors = old[arch]["tensors"]
        same(f"ggufs.py: {arch}, tensors with the committed digest", sum(new[arch]["tensors"].get(k) == v for k, v in tensors.items()), len(tensors))
    for folder, script, files in (("gguf", "quants.py", ["quants.json"]), ("gguf", "every_type.py", ["every_type.json", "every_type.gguf"]),
                                  ("safetensors", "oracle.py", ["oracle.json"])):
        at = remake(os.path.join(MODEL, folder, "testdata"), script)
        for name in files:
            a, b = (open(os.path.join(d, name), "rb").read() for d in (at, os.path.join(MODEL, folder, "testdata")))
            row(f"{script}: {name}", hashlib.sha256(a).hexdigest()[:12], hashlib.sha256(b).hexdigest()[:12], a == b)


def load_file_any(path):
    from safetensors.torch import load_file
    return {k: v.float().numpy() for k, v in load_file(path).items()}


# Both ways, on SmolLM2.

def base():
    return AutoModelForCausalLM.from_pretrained(os.path.dirname(smol), gguf_file=os.path.basename(smol), dtype=torch.float32)


def sequences():
    texts = gzjson(os.path.join(TOKEN, "tokens.json.gz"))
    return [x["ids"] for x in texts if 12 <= len(x["ids"]) <= 40][:12]


def smollm2():
    seqs, vocab = sequences(), 49152
    plain = theirs(base(), seqs)
    near("SmolLM2's GGUF in theriac, logits against Transformers", gap(ours(smol, "-", seqs, vocab), plain), 1e-3)

    adapter = os.path.join(tmp, "ours")
    go("adapter", smol, "10", "8", adapter)
    with_ours = peft.PeftModel.from_pretrained(base(), adapter)
    trained = sum("lora_" in n for n, _ in with_ours.named_parameters())
    same("our adapter in PEFT: matrices on the upper 10 layers", trained, 10 * 7 * 2)
    want = theirs(with_ours, seqs)
    row("our adapter in PEFT: it changes logits by", f"{gap(want, plain):.2g}", ">= 0.1", gap(want, plain) >= 0.1)
    near("our adapter in PEFT: logits against ours", gap(ours(smol, adapter, seqs, vocab), want), 1e-3)

    for dtype in ("F32", "BF16"):
        merged = os.path.join(tmp, "merged-" + dtype)
        go("merge", smol, adapter, dtype, merged)
        model = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32)
        got = theirs(model, seqs)
        if dtype == "F32":
            near("our merged model in Transformers: logits against PEFT's", gap(got, want), 1e-3)
        near(f"our merged {dtype} model in Transformers and in theriac", gap(ours(merged, "-", seqs, vocab), got), 1e-3)
    same("our merged model: end-of-text ids", sum(c.eos_token_id == 2 for c in (model.config, model.generation_config)), 2)
    tokenizer(merged)

    torch.manual_seed(3)
    for name, config in {
        "all linear layers": peft.LoraConfig(r=4, lora_alpha=8, task_type="CAUSAL_LM", target_modules="all-linear"),
        "rsLoRA on 3 layers": peft.LoraConfig(r=16, lora_alpha=8, use_rslora=True, task_type="CAUSAL_LM", target_modules=["q_proj", "v_proj"], layers_to_transform=[3, 17, 29]),
    }.items():
        model = peft.get_peft_model(base(), config)
        for n, p in model.named_parameters():
            if "lora_" in n:
                torch.nn.init.normal_(p, 0, 0.03)
        saved = tempfile.mkdtemp(dir=tmp)
        model.save_pretrained(saved)
        want = theirs(model, seqs)
        row(f"PEFT's adapter, {name}: it changes logits by", f"{gap(want, plain):.2g}", ">= 0.1", gap(want, plain) >= 0.1)
        near(f"PEFT's adapter in theriac, {name}: logits", gap(ours(smol, saved, seqs, vocab), want), 1e-3)


def tokenizer(merged):
    """The tokenizer that is written beside a merged model, against the GGUF file's own."""
    new, old = AutoTokenizer.from_pretrained(merged), AutoTokenizer.from_pretrained(os.path.dirname(smol), gguf_file=os.path.basename(smol))
    texts = gzjson(os.path.join(TOKEN, "tokens.json.gz"))
    same("our merged model's tokenizer: texts with the same ids", sum(new(x["text"], add_special_tokens=False)["input_ids"] == x["ids"] for x in texts), len(texts))
    same("our merged model's tokenizer: texts that come back", sum(new.decode(x["ids"]) == old.decode(x["ids"]) for x in texts), len(texts))
    talk = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello <b> & 'you'"}, {"role": "assistant", "content": "Hi."}]
    same("our merged model's tokenizer: chat template, special tokens", sum([
        new.apply_chat_template(talk, tokenize=False) == old.apply_chat_template(talk, tokenize=False),
        new.apply_chat_template(talk[:2], tokenize=False, add_generation_prompt=True) == old.apply_chat_template(talk[:2], tokenize=False, add_generation_prompt=True),
        new.bos_token == old.bos_token, new.eos_token == old.eos_token, new.pad_token == old.pad_token]), 5)


# Both ways, every architecture.

def architectures():
    extra = os.path.join(tmp, "linear")
    torch.manual_seed(2)
    AutoModelForCausalLM.from_config(transformers.LlamaConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, vocab_size=61, max_position_embeddings=128,
        tie_word_embeddings=False, initializer_range=0.2, rope_scaling={"rope_type": "linear", "factor": 3.0})).float().save_pretrained(extra)
    for arch in ARCHITECTURES + ["linear"]:
        folder = extra if arch == "linear" else os.path.join(FINETUNE, "arch", arch)
        seqs = json.load(open(os.path.join(FINETUNE, "arch/llama/reference.json")))["sequences"]
        original = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
        adapter, want = "-", theirs(original, seqs)
        if arch != "linear":
            adapter = os.path.join(folder, "adapter")
            want = theirs(peft.PeftModel.from_pretrained(original, adapter), seqs)
        near(f"{arch}: logits in theriac", gap(ours(folder, adapter, seqs, 61), want), 1e-4)
        merged = os.path.join(tmp, "merged-" + arch)
        go("merge", folder, adapter, "F32", merged)
        model = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32, attn_implementation="eager")
        near(f"{arch}: our merged model in Transformers", gap(theirs(model, seqs), want), 1e-4)
        keys = ("vocab_size", "hidden_size", "num_key_value_heads", "head_dim", "rms_norm_eps", "tie_word_embeddings", "sliding_window", "rope_scaling",
                "rope_theta", "rope_parameters", "max_position_embeddings", "bos_token_id", "eos_token_id", "hidden_act", "attention_bias")
        read = [k for k in keys if hasattr(original.config, k)]
        same(f"{arch}: settings of our config.json", sum(getattr(model.config, k, None) == getattr(original.config, k) for k in read), len(read))


# Downloads: theriac and huggingface_hub find what the other fetched.

def downloads():
    import huggingface_hub
    source = os.path.join(FINETUNE, "arch/llama")
    files = {n: open(os.path.join(source, n), "rb").read() for n in ("config.json", "model.safetensors")}
    files["README.md"] = b"# a model\n"
    with loopback.Hub("org/net", files) as hub:
        env = dict(os.environ, HF_ENDPOINT=hub.address, HF_HUB_OFFLINE="0", HF_HOME=os.path.join(tmp, "hf-ours"))
        env.pop("HF_HUB_CACHE", None)
        path = go("pull", "hf:org/net", env=env)
        cache = os.path.join(tmp, "hf-ours", "hub")
        found = [huggingface_hub.hf_hub_download("org/net", n, cache_dir=cache, local_files_only=True) for n in ("config.json", "model.safetensors")]
        same("theriac's download: files that huggingface_hub finds", sum(f == os.path.join(path, n) and open(f, "rb").read() == files[n]
                                                                          for f, n in zip(found, ("config.json", "model.safetensors"))), 2)
        fetch = "import huggingface_hub as h\nfor n in ('config.json', 'model.safetensors'): print(h.hf_hub_download('org/net', n))"
        env["HF_HOME"] = os.path.join(tmp, "hf-theirs")
        theirs_at = run(sys.executable, "-c", fetch, env=env).splitlines()
        env.update(HF_HUB_OFFLINE="1", HF_ENDPOINT="http://127.0.0.1:9")
        at = go("resolve", "hf:org/net", env=env)
        same("huggingface_hub's download: files that theriac finds", sum(os.path.dirname(f) == at for f in theirs_at), 2)
        names = [sorted(os.path.relpath(os.path.join(d, f), os.path.join(tmp, w, "hub", "models--org--net")) for d, _, fs in os.walk(os.path.join(tmp, w, "hub", "models--org--net"))
                        for f in fs) for w in ("hf-ours", "hf-theirs")]
        same("cache layouts: paths in common", len(set(names[0]) & set(names[1])), len(set(names[0]) | set(names[1])))


CHECKS = [architectures, smollm2, downloads, dump_tokens, dump_templates, dump_architectures, dump_model, dump_smollm2]

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Holds theriac against the Python libraries.")
    parser.add_argument("--only", default="", help="run the checks whose name contains this: " + ", ".join(c.__name__ for c in CHECKS))
    only = parser.parse_args().only
    smol = os.environ.get("THERIAC_SMOLLM2", "")
    if not os.path.isfile(smol):
        sys.exit("interop: THERIAC_SMOLLM2 does not name SmolLM2's GGUF file; fetch it with: theriac pull smollm2")
    smol = os.path.abspath(smol)
    with tempfile.TemporaryDirectory(prefix="theriac-interop-") as tmp:
        run("go", "build", "-o", os.path.join(tmp, "interop"), "./harness/interop", cwd=root)
        print("transformers", transformers.__version__, "peft", peft.__version__, "torch", torch.__version__)
        print(f"{'check':<58} {'measured':>24} {'limit':>16}")
        for check in CHECKS:
            if only in check.__name__:
                start = time.time()
                try:
                    check()
                except Exception as e:
                    row(check.__name__, type(e).__name__, "", False)
                    print("   ", " ".join(str(e).split())[:600])
                print(f"  {check.__name__}: {time.time() - start:.0f} s", file=sys.stderr, flush=True)
    print(f"{len(failed)} failed" + (": " + "; ".join(failed) if failed else ""))
    sys.exit(1 if failed else 0)
