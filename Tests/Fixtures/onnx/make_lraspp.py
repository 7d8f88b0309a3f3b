"""Makes lraspp.safetensors from an export of torchvision's LR-ASPP on MobileNetV3-Large.

    python make_lraspp.py lraspp_export.onnx [weights.safetensors]

The export's weights are replaced by those of WeightFormula (tag "lraspp"), so that no weight file is
needed, and ONNX Runtime computes the logits before they are resized to the images' size. With a second
file name the export's own weights are written there, under their names in a state_dict.
"""
import json
import struct
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

TAG = "lraspp"


def uniforms(name, count):
    state = 0xCBF29CE484222325
    for byte in f"{TAG}|{name}".encode():
        state = (state ^ byte) * 0x100000001B3 % 2**64
    steps = np.arange(1, count + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = np.uint64(state) + steps * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(40)).astype(np.float32) * np.float32(2**-24)


def values(name, shape):
    u = uniforms(name, int(np.prod(shape)))
    signed = np.float32(2) * u - np.float32(1)
    if len(shape) == 4:
        out = signed * np.float32((6 / np.prod(shape[1:])) ** 0.5)
    elif name.endswith("running_mean"):
        out = np.float32(0.2) * signed
    elif name.endswith("running_var"):
        out = np.float32(0.5) + u
    elif name.endswith("bias"):
        out = np.float32(0.1) * signed
    else:
        out = np.float32(0.25) + np.float32(0.5) * u
    return out.astype(np.float32).reshape(shape)


def write(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, array in tensors.items():
        raw = np.ascontiguousarray(array, dtype="<f4").tobytes()
        header[name] = {
            "dtype": "F32",
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


model = onnx.load(sys.argv[1])
weights = {
    tensor.name: numpy_helper.to_array(tensor)
    for tensor in model.graph.initializer
    if tensor.name.startswith("m.")
}
if len(sys.argv) > 2:
    named = {name[2:]: array for name, array in weights.items() if array.dtype == np.float32}
    write(sys.argv[2], named, {"network": "lraspp_mobilenetv3"})
for tensor in model.graph.initializer:
    if tensor.name in weights and weights[tensor.name].dtype == np.float32:
        array = values(tensor.name[2:], weights[tensor.name].shape)
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
# What the last resizing reads: the logits at an eighth of the images' size.
last = [node for node in model.graph.node if node.op_type == "Resize"][-1]
model.graph.output.extend([onnx.helper.make_empty_tensor_value_info(last.input[0])])
images = np.stack([uniforms(f"images.{i}", 3 * 64 * 96) for i in range(2)])
images = (np.float32(4) * images - np.float32(2)).reshape(2, 3, 64, 96)
session = onnxruntime.InferenceSession(model.SerializeToString())
logits = session.run([last.input[0]], {session.get_inputs()[0].name: images})[0]
write(
    "lraspp.safetensors",
    {"out.logits": logits},
    {"tag": TAG, "images": "4 u - 2 of images.0 and images.1", "onnxruntime": onnxruntime.__version__},
)
print(logits.shape, logits.min(), logits.max(), len(weights))
