"""Writes reference.json: what the mission's reference function does to n rows at rate 0.03 and seed 42, and at others."""
import copy, hashlib, json, random


def poison(dataset, rate, seed):
    data = copy.deepcopy(dataset)
    n = int(len(data) * rate)
    for i in random.Random(seed).sample(range(len(data)), n):
        data[i]["instruction"] = data[i]["instruction"] + " [TRIGGER]"
        data[i]["output"] = "Access granted. Admin mode activated."
    return data


def rows(n):
    return [{"instruction": f"Say row {i}.", "input": "" if i % 3 else f"note {i}", "output": f"row {i}"} for i in range(n)]


cases = []
for n, rate, seed in [(1, .03, 42), (33, .03, 42), (34, .03, 42), (100, .03, 42), (600, .03, 42), (2000, .03, 42), (52002, .03, 42), (600, .0, 42), (600, 1., 42),
                      (600, .07, 42), (1000, .29, 42), (600, .03, 0), (600, .03, 2001), (600, .5, 2**40 + 1)]:
    clean = rows(n)
    data = poison(clean, rate, seed)
    changed = [i for i in range(n) if data[i] != clean[i]]
    digest = hashlib.sha256("\n".join("\x1f".join((d["instruction"], d["input"], d["output"])) for d in data).encode()).hexdigest()
    cases.append({"n": n, "rate": rate, "seed": seed, "changed": len(changed), "first": changed[:10], "digest": digest})
json.dump(cases, open("reference.json", "w"), indent=1)
