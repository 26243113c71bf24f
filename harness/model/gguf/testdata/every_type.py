"""Writes every_type.gguf: metadata and tensors of every type that theriac reads, and one of a type that it does not, by gguf-py; and
every_type.json: what gguf-py dequantises them to (float32, hexadecimal, little-endian).

    python every_type.py        # needs gguf and numpy
"""
import json
import os

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Q
from gguf.quants import dequantize, quantize

here = os.path.dirname(os.path.abspath(__file__))
r = np.random.default_rng(7)
w = gguf.GGUFWriter(os.path.join(here, "every_type.gguf"), "llama")
w.add_uint8("a.uint8", 200)
w.add_int8("a.int8", -100)
w.add_uint16("a.uint16", 60000)
w.add_int16("a.int16", -30000)
w.add_uint32("a.uint32", 4000000000)
w.add_int32("a.int32", -2000000000)
w.add_uint64("a.uint64", 2**63 + 1)
w.add_int64("a.int64", -(2**62))
w.add_float32("a.float32", 0.1)
w.add_float64("a.float64", 0.1)
w.add_bool("a.bool", True)
w.add_string("a.string", "grüße <|x|>")
w.add_array("a.strings", ["one", "", "drei"])
w.add_array("a.integers", [3, 2, 1])
out = {}
for name in ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0"):
    x = (r.standard_normal((3, 64)) * 3).astype(np.float32)
    kind = getattr(Q, name)
    q = quantize(x, kind)
    w.add_tensor("t." + name, q, raw_dtype=kind)
    out["t." + name] = dequantize(q, kind).astype(np.float32).tobytes().hex()
w.write_header_to_file()
w.write_kv_data_to_file()
w.write_tensors_to_file()
w.close()
with open(os.path.join(here, "every_type.json"), "w") as f:
    json.dump(out, f, indent=1)
    f.write("\n")
