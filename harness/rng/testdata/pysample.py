"""Writes pysample.json: random.Random(seed).sample(range(n), k) for a table of cases."""
import json, random
cases = []
for seed in (0, 1, 42, 1234, 2**31, 2**32 + 7, 2**53 + 1):
    for n, k in ((1, 1), (10, 0), (10, 3), (100, 3), (600, 18), (85, 6), (84, 6), (2000, 60), (52002, 1560), (50000, 50)):
        s = random.Random(seed).sample(range(n), k)
        cases.append({"seed": seed, "n": n, "k": k, "head": s[:20], "sum": sum((i + 1) * v for i, v in enumerate(s))})
json.dump(cases, open("pysample.json", "w"), separators=(",", ":"))
