"""Writes quants.json: blocks of values, and what gguf-py (llama.cpp's Python package) makes of them as Q8_0 and Q4_0.

    python quants.py        # needs gguf and numpy

Bytes and float32 values are hexadecimal, little-endian.
"""
import json
import os

import gguf
import numpy as np
from gguf.quants import dequantize, quantize

r = np.random.default_rng(20260101)
rows = [r.standard_normal(64), r.standard_normal(64) * 1e-3, r.standard_normal(64) * 300, r.standard_t(1, 64),
        np.round(r.standard_normal(64) * 4) / 4,              # ties between steps
        np.concatenate([np.arange(-16, 16) / 2, np.arange(-127, 1, 4)]),  # exact halves
        np.concatenate([np.full(32, -1.0), np.full(32, 1.0)]),
        np.concatenate([np.zeros(32), np.eye(32)[7] * -3]),
        np.tile([1.0, -1.0], 32),                             # two extremes: the first decides
        r.standard_normal(64) * 1e-9,                         # scales that no half can hold
        r.standard_normal(64) * 4e-6]                         # subnormal scales
rows += [r.standard_normal(64) * 0.05 for _ in range(9)]
rows = np.array(rows, dtype=np.float32)

out = {"gguf": "gguf-py", "values": rows.tobytes().hex()}
for name in ("Q8_0", "Q4_0"):
    kind = getattr(gguf.GGMLQuantizationType, name)
    with np.errstate(all="ignore"):
        q = quantize(rows, kind)
    out[name] = {"bytes": q.tobytes().hex(), "values": dequantize(q, kind).astype(np.float32).tobytes().hex()}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "quants.json"), "w") as f:
    json.dump(out, f, indent=1)
    f.write("\n")
