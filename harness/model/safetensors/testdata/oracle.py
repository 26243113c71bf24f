"""Writes oracle.safetensors (tensors of all types, by the safetensors library) and oracle.json (their values as PyTorch converts them,
and what PyTorch rounds float32 values to).

    python oracle.py        # needs torch and safetensors
"""
import json
import os

import torch
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(1)
x = torch.cat([torch.randn(200) * 10.0 ** torch.randint(-9, 5, (200,)).float(),
               torch.tensor([0.0, -0.0, 1.0, 65504.0, 65519.0, -65519.9, 6.1e-5, 5.97e-8, 2.98e-8, 2.99e-8, 1e-9, 1 + 2**-11, 1 + 3 * 2**-11, 1 + 2**-8, 1 + 3 * 2**-9, 3.3e38]),
               torch.linspace(-7e-5, 7e-5, 40)])
x16 = x[x.abs() < 65520]
tensors = {"f32": x, "bf16": x.bfloat16(), "f16": x16.half(), "matrix": torch.arange(6.0).reshape(2, 3), "number": torch.tensor(2.5), "none": torch.zeros(0, 4)}
save_file(tensors, os.path.join(here, "oracle.safetensors"), metadata={"format": "pt"})


def bits(t):
    return t.float().contiguous().view(torch.int32).flatten().tolist()


out = {"values": {k: bits(v) for k, v in tensors.items()}, "shapes": {k: list(v.shape) for k, v in tensors.items()}}
with open(os.path.join(here, "oracle.json"), "w") as f:
    json.dump(out, f, separators=(",", ":"))
    f.write("\n")
