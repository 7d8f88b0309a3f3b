#!/usr/bin/env python3
"""Writes reference.safetensors with the reference library: one tensor of each type.

    pip install safetensors==0.5.3 && python3 make_reference.py

The bytes of tensor number i count up from i.
"""
import pathlib

import safetensors

TYPES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4,
         "int16": 2, "int8": 1, "uint8": 1, "uint32": 4, "uint64": 8, "bool": 1}
tensors = {}
for index, (name, width) in enumerate(TYPES.items()):
    data = bytes(range(index, index + 6 * width))
    if name == "bool":
        data = bytes([0, 1, 1, 0, 1, 0])
    tensors[name] = {"dtype": name, "shape": [2, 3], "data": data}
tensors["scalar"] = {"dtype": "float32", "shape": [], "data": bytes(4)}
tensors["empty"] = {"dtype": "int64", "shape": [0, 3], "data": b""}
path = pathlib.Path(__file__).parent / "reference.safetensors"
path.write_bytes(safetensors.serialize(tensors, {"format": "pt", "quote\"\\\n": "\u00e9"}))
