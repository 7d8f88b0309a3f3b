#!/usr/bin/env python3
"""Writes the .pth files of this folder with torch.save, and what they hold.

    python3 make_pth.py

expected.tsv: file, name, type, shape, bytes in hexadecimal (row-major, little endian).
refused.tsv:  file, words of the expected message.
Made with torch 1.13.0 and numpy 1.24.
"""
import builtins
import collections
import os
import pathlib
import pickle
import subprocess

import numpy
import torch

FOLDER = pathlib.Path(__file__).parent
TYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
    torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
    torch.uint8: "U8", torch.bool: "BOOL",
}
LAYOUTS = {"zip": True, "legacy": False}


def save(name, value):
    """Saves value in both layouts; returns the file names."""
    files = []
    for layout, is_zip in LAYOUTS.items():
        files.append(f"{name}_{layout}.pth")
        torch.save(value, FOLDER / files[-1], _use_new_zipfile_serialization=is_zip)
    return files


def raw(tensor):
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.view(torch.int16)
    return tensor.numpy().tobytes().hex()


def numbers(*shape, dtype=torch.float32):
    count = int(numpy.prod(shape))
    return (torch.arange(count, dtype=torch.float64) * 0.5 - 1).to(dtype).reshape(shape)


class Subclassed:
    """Pickles as torch 2 pickles a tensor with attributes of its own."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        function, arguments = self.tensor.__reduce_ex__(2)
        return (torch._tensor._rebuild_from_type_v2,
                (function, torch.Tensor, arguments, {"tag": 1}))


class Call:
    """Pickles as a call of function, which unpickling would execute."""

    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


def good():
    bn = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3)).state_dict()
    for index, key in enumerate(bn):
        bn[key] = numbers(*bn[key].shape, dtype=bn[key].dtype) + index
    bn._metadata = torch.nn.BatchNorm2d(3).state_dict()._metadata
    base = numbers(6, 4)
    weights = {"weight": numbers(2, 3), "bias": numbers(3)}
    optimizer = torch.optim.SGD([torch.nn.Parameter(numbers(3))], lr=0.1, momentum=0.9)
    yield "state_dict", bn, bn
    dtypes = {TYPES[t].lower(): numbers(2, 3, dtype=t) for t in TYPES}
    yield "dtypes", dtypes, dtypes
    views = {
        "base": base, "rows": base[2:4], "columns": base[:, 1:3], "transposed": base.t(),
        "stepped": base[::2, ::3], "expanded": numbers(1, 2).expand(3, 2), "one": base[3, 2],
        "channels_last": numbers(2, 3, 2, 2).contiguous(memory_format=torch.channels_last),
    }
    yield "views", views, views
    parameters = collections.OrderedDict(
        p=torch.nn.Parameter(numbers(2, 2)), q=torch.nn.Parameter(numbers(3), requires_grad=False))
    yield "parameters", parameters, parameters
    wrapped = {"epoch": 3, "best": 0.5, "state_dict": weights, "note": None,
               "optimizer": optimizer.state_dict(), "ids": [1, -2, 2**40], "done": False}
    yield "wrapped_state_dict", wrapped, weights
    yield "wrapped_model", {"model": weights, "iteration": -1}, weights
    sizes = {"scalar": torch.tensor(2.5), "empty": torch.zeros(0, 3), "one": numbers(1),
             "hollow": torch.zeros(2, 0, 4)}
    yield "sizes", sizes, sizes
    yield "names", {"a b": numbers(1), "": numbers(2), "\u00e9\U0001F600": numbers(3)}, {
        "a b": numbers(1), "": numbers(2), "\u00e9\U0001F600": numbers(3)}
    yield "subclassed", {"t": Subclassed(numbers(2, 2))}, {"t": numbers(2, 2)}
    few = {"weight": numbers(2)}
    # What lies beside the weights is left alone, and a call is not run.
    yield "popen", {"state_dict": few, "x": Call(subprocess.Popen, "touch executed")}, few
    yield "numpy_scalar", {"best": numpy.float64(1), "state_dict": few}, few
    yield "nested", {"net": few}, few
    yield "device", {"state_dict": few, "x": torch.device("cpu")}, few
    many = {f"layer.{i}.weight": numbers(1) + i for i in range(60)}
    yield "many", many, many


def refused():
    weights = {"weight": numbers(2)}
    marker = "touch executed"
    yield "os_system", Call(os.system, marker), "'posix.system'"
    yield "eval", {"weight": Call(eval, marker)}, "'__builtin__.eval'"
    yield "exec", {"weight": numbers(2), "x": Call(exec, marker)}, "'__builtin__.exec'"
    yield "getattr", Call(getattr, weights, "clear"), "'__builtin__.getattr'"
    yield "load_from_bytes", Call(torch.storage._load_from_bytes, b"x"), "_load_from_bytes'"
    yield "torch_load", Call(torch.load, "x"), "'torch.serialization.load'"
    yield "numpy_array", {"weight": numpy.ones(2)}, "multiarray._reconstruct'"
    yield "module", torch.nn.Linear(1, 1), "'torch.nn.modules.linear.Linear'"
    yield "list", [weights], "found a list"
    yield "tensor", numbers(2), "found a tensor"
    yield "empty", {}, "an empty dict"
    yield "number_key", {1: numbers(2)}, "a tensor under an int"
    yield "sparse", {"weight": torch.eye(2).to_sparse()}, "_rebuild_sparse_tensor'"
    yield "quantized", {"weight": torch.quantize_per_tensor(
        numbers(2), 0.1, 0, torch.qint8)}, "_rebuild_qtensor'"
    yield "complex", {"weight": torch.zeros(2, dtype=torch.complex64)}, "ComplexFloatStorage'"
    yield "set", {"weight": numbers(2), "x": {1, 2}}, "'__builtin__.set'"


def main():
    for old in FOLDER.glob("*.pth"):
        old.unlink()
    lines = []
    for name, value, tensors in good():
        for file in save(name, value):
            for key, tensor in tensors.items():
                shape = "x".join(map(str, tensor.shape)) or "scalar"
                lines.append("\t".join((file, key, TYPES[tensor.dtype], shape, raw(tensor))))
    (FOLDER / "expected.tsv").write_text("\n".join(lines) + "\n")
    lines = []
    for name, value, words in refused():
        lines += [f"{file}\t{words}" for file in save(name, value)]
    (FOLDER / "plain_pickle.pth").write_bytes(pickle.dumps({"weight": 1}, protocol=2))
    lines.append("plain_pickle.pth\tmagic number")
    (FOLDER / "plain_system.pth").write_bytes(pickle.dumps(Call(os.system, "true"), protocol=4))
    lines.append("plain_system.pth\t'posix.system'")
    (FOLDER / "refused.tsv").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
