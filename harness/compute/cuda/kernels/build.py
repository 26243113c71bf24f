"""Compiles kernels.cu to PTX with NVRTC; no GPU and no toolkit needed.

usage: python build.py OUT.ptx      (needs the package nvidia-cuda-nvrtc-cu12==12.0.140)

12.0 emits PTX 8.0, which every driver since CUDA 12 (525) takes, and compute_80 is the least architecture (A100).
Later versions emit PTX that older drivers refuse.
"""
import ctypes
import os
import sys

WANT = (12, 0)
here = os.path.dirname(os.path.abspath(__file__))
import nvidia.cuda_nvrtc  # noqa: E402  (a namespace without code: only its place is of interest)

lib = os.path.join(list(nvidia.cuda_nvrtc.__path__)[0], "lib")
nvrtc = ctypes.CDLL(os.path.join(lib, "libnvrtc.so.12"))


def check(code):
    if code:
        nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p
        sys.exit("nvrtc: " + nvrtc.nvrtcGetErrorString(code).decode())


major, minor = ctypes.c_int(), ctypes.c_int()
check(nvrtc.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)))
if (major.value, minor.value) != WANT:
    sys.exit(f"nvrtc {major.value}.{minor.value}: want {WANT[0]}.{WANT[1]}; pip install nvidia-cuda-nvrtc-cu12==12.0.140")


def read(name):
    with open(os.path.join(here, name), "rb") as f:
        return f.read()


headers = sorted(n for n in os.listdir(here) if n.endswith(".cuh"))
names = (ctypes.c_char_p * len(headers))(*[n.encode() for n in headers])
texts = (ctypes.c_char_p * len(headers))(*[read(n) for n in headers])
options = [b"--gpu-architecture=compute_80", b"--fmad=false", b"--ftz=false", b"--prec-div=true", b"--prec-sqrt=true", b"--std=c++17"]
program = ctypes.c_void_p()
check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), read("kernels.cu"), b"kernels.cu", len(headers), texts, names))
code = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
size = ctypes.c_size_t()
if code:
    check(nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size)))
    log = ctypes.create_string_buffer(size.value)
    check(nvrtc.nvrtcGetProgramLog(program, log))
    sys.exit(log.value.decode())
check(nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size)))
ptx = ctypes.create_string_buffer(size.value)
check(nvrtc.nvrtcGetPTX(program, ptx))
with open(sys.argv[1], "wb") as f:
    f.write(ptx.value)
