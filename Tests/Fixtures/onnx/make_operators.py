"""Makes operators.onnx and operators_11.onnx: one output for each use of an operator, all of the images
plus a parameter, and operators*.safetensors: what ONNX Runtime computes.

Run with onnx 1.23, onnxruntime 1.32 and numpy; the files are fixtures, and no test runs this.
"""
import json
import struct

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(20)


class Model:
    """A graph over images h = x + p, [1, 3, 8, 6]."""

    def __init__(self, opset):
        self.opset = opset
        self.nodes, self.initialisers, self.outputs = [], [], []
        self.count = 0
        self.nodes.append(helper.make_node("Add", ["x", self.stored([1, 3, 8, 6], 0.1)], ["h"]))

    def name(self, stem):
        self.count += 1
        return f"{stem}{self.count}"

    def stored(self, shape, scale=1.0, shift=0.0):
        """A parameter."""
        name = self.name("p")
        values = (random.standard_normal(shape) * scale + shift).astype(np.float32)
        self.initialisers.append(numpy_helper.from_array(values, name))
        return name

    def constant(self, values, dtype=np.float32):
        name = self.name("c")
        tensor = numpy_helper.from_array(np.array(values, dtype), name)
        self.nodes.append(helper.make_node("Constant", [], [name], value=tensor))
        return name

    def integers(self, *values):
        return self.constant(values, np.int64)

    def add(self, operator, *inputs, outputs=1, **attributes):
        names = [self.name("v") for _ in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[0] if outputs == 1 else names

    def shaped(self, value, *shape):
        return self.add("Reshape", value, self.integers(*shape))

    def output(self, title, value, *shape):
        """An output as a map [1, C, h, w]: its shape, or all elements in a row."""
        value = self.shaped(value, *(shape or (1, 1, 1, -1)))
        self.nodes.append(helper.make_node("Identity", [value], [title]))
        self.outputs.append(title)

    def save(self, stem):
        graph = helper.make_graph(
            self.nodes, "operators",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 6])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in self.outputs],
            self.initialisers)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        onnx.save(model, stem + ".onnx")
        images = random.standard_normal([3, 3, 8, 6]).astype(np.float32)
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"])
        rows = [session.run(None, {"x": images[i:i + 1]}) for i in range(3)]
        tensors = {"in.images": images}
        for index, title in enumerate(self.outputs):
            tensors["out.eval." + title] = np.concatenate([row[index] for row in rows])
        write(stem + ".safetensors", tensors, {"kind": "onnx", "outputs": ",".join(self.outputs)})


def write(path, tensors, metadata):
    header, start = {"__metadata__": metadata}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape),
                        "data_offsets": [start, start + tensor.nbytes]}
        start += tensor.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor).tobytes())


def mappings(m):
    for operator in ["Relu", "Sigmoid", "Tanh", "HardSwish", "Mish", "Softplus", "Erf", "Exp", "Neg", "Abs",
                     "Floor", "Ceil"]:
        m.output(operator, m.add(operator, "h"))
    positive = m.add("Add", m.add("Abs", "h"), m.constant(0.1))
    for operator in ["Log", "Sqrt", "Reciprocal"]:
        m.output(operator, m.add(operator, positive))
    m.output("LeakyRelu", m.add("LeakyRelu", "h", alpha=0.2))
    m.output("Elu", m.add("Elu", "h", alpha=0.7))
    m.output("Selu", m.add("Selu", "h"))
    m.output("HardSigmoid", m.add("HardSigmoid", "h", alpha=0.3, beta=0.4))
    m.output("Gelu", m.add("Gelu", "h"))
    m.output("Gelu_tanh", m.add("Gelu", "h", approximate="tanh"))
    m.output("Clip", m.add("Clip", "h", m.constant(-0.5), m.constant(1.5)))
    m.output("Clip_below", m.add("Clip", "h", m.constant(-0.5)))
    m.output("PRelu", m.add("PRelu", "h", m.stored([3, 1, 1], 0.2)))
    m.output("PRelu_one", m.add("PRelu", "h", m.stored([1], 0.2)))
    far = m.add("Mul", "h", m.constant(60))
    for operator in ["Sigmoid", "Softplus", "Mish", "Gelu", "Elu"]:
        m.output("far_" + operator, m.add(operator, far))


def arithmetic(m):
    for operator in ["Add", "Sub", "Mul", "Min", "Max"]:
        m.output(operator + "_channel", m.add(operator, "h", m.stored([3, 1, 1])))
        m.output(operator + "_row", m.add(operator, m.stored([6]), "h"))
    m.output("Div", m.add("Div", "h", m.stored([1, 1, 8, 1], 0.2, 2)))
    m.output("Div_by_h", m.add("Div", m.stored([6]), m.add("Add", m.add("Abs", "h"), m.constant(1))))
    m.output("outer", m.add("Mul", m.add("ReduceMean", "h", m.integers(2), keepdims=1),
                            m.add("ReduceMean", "h", m.integers(3), keepdims=1)))
    m.output("Sum_of_three", m.add("Max", "h", m.stored([3, 8, 1]), m.stored([1])))
    for exponent in [2.0, 3.0, 0.5, -1.0, 2.5, -0.5, 0.0]:
        base = m.add("Add", m.add("Abs", "h"), m.constant(0.2))
        m.output(f"Pow_{exponent}", m.add("Pow", base, m.constant(exponent)))
    m.output("Pow_negative", m.add("Pow", "h", m.constant(2.0)))
    m.output("Mod", m.add("Mod", "h", m.constant(0.7), fmod=1))
    truth = m.add("Greater", "h", m.constant(0.1))
    m.output("Where", m.add("Where", truth, "h", m.stored([3, 1, 1])))
    less = m.add("LessOrEqual", "h", m.constant(0.9))
    both = m.add("And", truth, m.add("Not", m.add("Less", "h", m.constant(0.3))))
    m.output("Where_both", m.add("Where", m.add("Or", both, m.add("Not", less)), m.stored([1]), "h"))
    m.output("Cast", m.add("Cast", truth, to=TensorProto.FLOAT))
    whole = m.add("Cast", m.add("Cast", m.add("Mul", "h", m.constant(3)), to=TensorProto.INT64),
                  to=TensorProto.FLOAT)
    m.output("Cast_whole", whole)


def layers(m):
    m.output("Conv", m.add("Conv", "h", m.stored([4, 3, 3, 3]), m.stored([4]), pads=[1, 1, 1, 1]))
    m.output("Conv_pairs", m.add("Conv", "h", m.stored([4, 3, 3, 1]), strides=[2, 1], pads=[2, 0, 2, 0],
                                 dilations=[2, 1]))
    m.output("Conv_uneven", m.add("Conv", "h", m.stored([4, 3, 2, 2]), m.stored([4]), pads=[0, 1, 1, 0]))
    m.output("Conv_same", m.add("Conv", "h", m.stored([4, 3, 3, 3]), auto_pad="SAME_UPPER",
                                strides=[2, 2]))
    m.output("Conv_groups", m.add("Conv", "h", m.stored([6, 1, 3, 3]), m.stored([6]), group=3))
    scaled = m.add("Mul", m.stored([4, 3, 3, 3]), m.stored([4, 1, 1, 1]))
    m.output("Conv_computed", m.add("Conv", "h", scaled, m.stored([4])))
    line = m.shaped("h", 1, 3, 48)
    m.output("Conv_line", m.add("Conv", line, m.stored([4, 3, 5]), m.stored([4]), strides=[2]))
    m.output("ConvTranspose", m.add("ConvTranspose", "h", m.stored([3, 2, 3, 3]), m.stored([2])))
    m.output("ConvTranspose_pads", m.add(
        "ConvTranspose", "h", m.stored([3, 2, 3, 4]), strides=[2, 3], pads=[1, 0, 0, 1],
        output_padding=[1, 0]))
    m.output("ConvTranspose_groups", m.add(
        "ConvTranspose", "h", m.stored([3, 2, 2, 2]), m.stored([6]), strides=[2, 2], group=3,
        dilations=[2, 1]))
    m.output("MaxPool", m.add("MaxPool", "h", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]))
    m.output("MaxPool_uneven", m.add("MaxPool", "h", kernel_shape=[2, 3], strides=[1, 2],
                                     pads=[0, 1, 1, 1]))
    m.output("MaxPool_dilated", m.add("MaxPool", "h", kernel_shape=[2, 2], dilations=[3, 2],
                                      ceil_mode=1, strides=[2, 2]))
    m.output("AveragePool", m.add("AveragePool", "h", kernel_shape=[3, 2], strides=[2, 2],
                                  pads=[1, 0, 1, 0]))
    m.output("AveragePool_counts", m.add("AveragePool", "h", kernel_shape=[3, 3], pads=[1, 1, 1, 1],
                                         strides=[2, 2], count_include_pad=1))
    m.output("AveragePool_ceil", m.add("AveragePool", "h", kernel_shape=[3, 3], strides=[2, 2],
                                       ceil_mode=1))
    m.output("GlobalAveragePool", m.add("GlobalAveragePool", "h"))
    m.output("GlobalMaxPool", m.add("GlobalMaxPool", "h"))
    m.output("BatchNormalization", m.add(
        "BatchNormalization", "h", m.stored([3]), m.stored([3]), m.stored([3]),
        m.stored([3], 0.1, 1), epsilon=1e-3))
    m.output("InstanceNormalization", m.add("InstanceNormalization", "h", m.stored([3]), m.stored([3])))
    m.output("LayerNormalization", m.add("LayerNormalization", "h", m.stored([6]), m.stored([6])))
    m.output("LayerNormalization_wide", m.add("LayerNormalization", "h", m.stored([3, 8, 6]), axis=1))
    m.output("Softmax", m.add("Softmax", "h", axis=1))
    m.output("LogSoftmax", m.add("LogSoftmax", "h"))
    if m.opset >= 21:
        six = m.add("Concat", "h", m.add("Neg", m.add("Relu", "h")), axis=1)
        m.output("GroupNormalization", m.add(
            "GroupNormalization", six, m.stored([6]), m.stored([6]), num_groups=2))


def products(m):
    matrix = m.shaped("h", 24, 6)
    m.output("Gemm", m.add("Gemm", matrix, m.stored([5, 6]), m.stored([5]), transB=1, alpha=0.5, beta=2.0))
    m.output("Gemm_transposed", m.add("Gemm", matrix, m.stored([24, 4]), transA=1))
    m.output("MatMul", m.add("MatMul", "h", m.stored([6, 4])))
    m.output("MatMul_left", m.add("MatMul", m.stored([5, 8]), "h"))
    m.output("MatMul_batch", m.add("MatMul", "h", m.add("Transpose", "h", perm=[0, 1, 3, 2])))
    m.output("MatMul_broadcast", m.add("MatMul", m.shaped("h", 3, 1, 8, 6), m.stored([2, 6, 3])))
    m.output("MatMul_vector", m.add("MatMul", "h", m.stored([6])))
    m.output("MatMul_row", m.add("MatMul", m.stored([8]), "h"))
    m.output("Einsum_attention", m.add("Einsum", "h", "h", equation="bhid,bhjd->bhij"))
    m.output("Einsum_weights", m.add("Einsum", "h", m.stored([5, 3]), equation="bchw,oc->bohw"))
    m.output("Einsum_sum", m.add("Einsum", "h", equation="bchw->wc"))
    m.output("Einsum_three", m.add("Einsum", "h", m.stored([3]), m.stored([6, 4]),
                                   equation="bchw,c,wk->hk"))


def shapes(m):
    m.output("Transpose", m.add("Transpose", "h", perm=[3, 0, 2, 1]))
    m.output("Concat", m.add("Concat", "h", m.stored([1, 3, 8, 2]), axis=3))
    parts = m.add("Split", "h", m.integers(2, 5, 1), axis=2, outputs=3)
    m.output("Split", m.add("Concat", parts[2], parts[0], axis=2))
    m.output("Slice", m.add("Slice", "h", m.integers(1, -1), m.integers(7, -7), m.integers(2, 3),
                            m.integers(2, -2)))
    m.output("Gather", m.add("Gather", "h", m.constant([[5, 0], [0, -2]], np.int64), axis=3))
    m.output("Gather_one", m.add("Gather", "h", m.constant(1, np.int64), axis=1))
    m.output("Gather_stored", m.add("Add", m.add("Gather", m.stored([4, 6]), m.integers(2, 2, 0), axis=0),
                                    m.add("ReduceMean", "h", m.integers(1, 2), keepdims=0)))
    m.output("Expand", m.add("Expand", m.add("ReduceMax", "h", m.integers(2)), m.integers(3, 1, 5, 6)))
    m.output("Tile", m.add("Tile", "h", m.integers(1, 2, 1, 3)))
    for mode in ["reflect", "edge", "wrap"]:
        m.output("Pad_" + mode, m.add("Pad", "h", m.integers(0, 1, 2, 3, 0, 1, 0, 2), mode=mode))
    m.output("Pad_constant", m.add("Pad", "h", m.integers(0, 0, 2, -1, 0, 1, -3, 2), m.constant(0.7)))
    six = m.add("Concat", "h", m.add("Neg", m.add("Relu", "h")), m.add("Exp", "h"), m.add("Abs", "h"),
                axis=1)
    m.output("DepthToSpace", m.add("DepthToSpace", six, blocksize=2))
    m.output("DepthToSpace_CRD", m.add("DepthToSpace", six, blocksize=2, mode="CRD"))
    m.output("SpaceToDepth", m.add("SpaceToDepth", "h", blocksize=2))
    m.output("Flatten", m.add("Flatten", "h", axis=2))
    m.output("Squeeze", m.add("Unsqueeze", m.add("Squeeze", "h", m.integers(0)), m.integers(1, 4)))
    m.output("untied", m.add("Add", m.add("Identity", m.initialisers[0].name), "h"))


def reductions(m):
    for operator in ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL2"]:
        m.output(operator, m.add(operator, "h", m.integers(1, 3), keepdims=0))
        m.output(operator + "_middle", m.add(operator, "h", m.integers(2)))
        m.output(operator + "_all", m.add(operator, "h"))


def resizing(m):
    cases = {
        "nearest": dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
        "nearest_half": dict(mode="nearest"),
        "nearest_ceil": dict(mode="nearest", nearest_mode="ceil",
                             coordinate_transformation_mode="align_corners"),
        "nearest_up": dict(mode="nearest", nearest_mode="round_prefer_ceil"),
        "linear": dict(mode="linear"),
        "linear_torch": dict(mode="linear", coordinate_transformation_mode="pytorch_half_pixel"),
        "linear_corners": dict(mode="linear", coordinate_transformation_mode="align_corners"),
        "linear_asymmetric": dict(mode="linear", coordinate_transformation_mode="asymmetric"),
        "cubic": dict(mode="cubic"),
        "cubic_corners": dict(mode="cubic", coordinate_transformation_mode="align_corners",
                              cubic_coeff_a=-0.5),
        "cubic_outside": dict(mode="cubic", exclude_outside=1),
    }
    empty = m.constant([], np.float32)
    for name, attributes in cases.items():
        m.output(f"Resize_{name}", m.add("Resize", "h", empty, m.constant([1, 1, 2, 2]), **attributes))
        m.output(f"Resize_{name}_odd", m.add(
            "Resize", "h", "", "", m.integers(1, 3, 13, 5), **attributes))
        m.output(f"Resize_{name}_down", m.add(
            "Resize", "h", "", "", m.integers(1, 3, 3, 2), **attributes))
    m.output("Resize_scales", m.add("Resize", "h", empty, m.constant([1, 1, 1.3, 0.7]), mode="linear"))
    m.output("Resize_crop", m.add(
        "Resize", "h", m.constant([0, 0, 0.1, -0.2, 1, 1, 0.8, 1.1]), "", m.integers(1, 3, 5, 7),
        mode="linear", coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=0.3))
    m.output("Resize_antialias", m.add("Resize", "h", "", "", m.integers(1, 3, 3, 4), mode="linear",
                                       antialias=1, exclude_outside=1))
    m.output("Resize_antialias_cubic", m.add("Resize", "h", "", "", m.integers(1, 3, 3, 4), mode="cubic",
                                             antialias=1, exclude_outside=1))


def old(m):
    """What opset 11 has otherwise: axes and bounds as attributes, softmax over all axes from one on."""
    m.output("Softmax", m.add("Softmax", "h", axis=2))
    m.output("LogSoftmax", m.add("LogSoftmax", "h"))
    m.output("ReduceMean", m.add("ReduceMean", "h", axes=[2, 3]))
    m.output("ReduceSum", m.add("ReduceSum", "h", axes=[1], keepdims=0))
    parts = m.add("Split", "h", axis=3, split=[1, 5], outputs=2)
    m.output("Split", parts[1])
    m.output("Squeeze", m.add("Unsqueeze", m.add("Squeeze", "h", axes=[0]), axes=[0]))
    m.output("Clip", m.add("Clip", "h", m.constant(-0.5), m.constant(0.5)))
    m.output("Resize", m.add("Resize", "h", m.constant([]), m.constant([1, 1, 2, 2]), mode="linear",
                             coordinate_transformation_mode="half_pixel"))
    m.output("Resize_tf", m.add("Resize", "h", m.constant([]), m.constant([1, 1, 2, 2]), mode="nearest",
                                coordinate_transformation_mode="tf_half_pixel_for_nn"))
    m.output("Dropout", m.add("Dropout", "h", ratio=0.3))
    m.output("Pad", m.add("Pad", "h", m.integers(0, 0, 1, 1, 0, 0, 1, 1)))


new = Model(21)
for part in [mappings, arithmetic, layers, products, shapes, reductions, resizing]:
    part(new)
new.save("operators")
eleven = Model(11)
old(eleven)
eleven.save("operators_11")
