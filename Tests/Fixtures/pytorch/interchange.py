#!/usr/bin/env python3
"""The networks as PyTorch modules with the published names, to exchange weights and outputs with.

    interchange.py write NETWORK zip|legacy FOLDER
    interchange.py read NETWORK FILE.safetensors FOLDER
    interchange.py backbone NETWORK zip|legacy FOLDER
    interchange.py same NETWORK FILE.pth FOLDER

write makes weights.pth (a state dict by seed), input.f32 and the outputs; read loads the file with
strict=True and makes the outputs for the folder's input.f32. backbone writes backbone.pth, and same
fails unless a file equals it in keys, order, types and values. The outputs are main.f32 and, for
ResNets, auxiliary.f32: little-endian float32, evaluation mode.
"""
import json
import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional

CLASSES = 11
INPUT = (2, 3, 40, 56)


def conv(inputs, outputs, kernel=1, stride=1, dilation=1, groups=1):
    return nn.Conv2d(
        inputs, outputs, kernel, stride, kernel // 2 * dilation, dilation, groups, bias=False)


def unit(inputs, outputs, kernel=1, dilation=1):
    return [conv(inputs, outputs, kernel, 1, dilation), nn.BatchNorm2d(outputs), nn.ReLU()]


def spread(x, like):
    return functional.interpolate(x, like.shape[2:], mode="bilinear", align_corners=True)


class Residual(nn.Module):
    """A basic block or a bottleneck; first and second are its 3x3 dilations."""

    def __init__(self, inputs, width, stride, first, second, bottleneck):
        super().__init__()
        outputs = 4 * width if bottleneck else width
        self.conv1 = conv(inputs, width) if bottleneck else conv(inputs, width, 3, stride, first)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv(width, width, 3, stride, first) if bottleneck else conv(
            width, width, 3, 1, second)
        self.bn2 = nn.BatchNorm2d(width)
        if bottleneck:
            self.conv3 = conv(width, outputs)
            self.bn3 = nn.BatchNorm2d(outputs)
        self.bottleneck = bottleneck
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        if self.bottleneck:
            y = self.bn3(self.conv3(functional.relu(y)))
        return functional.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """Three 3x3 convolutions before the pooling, output stride 8."""

    def __init__(self, blocks, bottleneck):
        super().__init__()
        for index, (inputs, outputs) in enumerate([(3, 64), (64, 64), (64, 128)], 1):
            setattr(self, f"conv{index}", conv(inputs, outputs, 3, 2 if index == 1 else 1))
            setattr(self, f"bn{index}", nn.BatchNorm2d(outputs))
        channels = 128
        for index, count in enumerate(blocks):
            width, stride, dilation = 64 << index, (1, 2, 1, 1)[index], (1, 1, 2, 4)[index]
            stage = []
            for block in range(count):
                first = dilation if block else (1 if dilation < 4 else 2)
                stage.append(Residual(
                    channels, width, 1 if block else stride, first, dilation, bottleneck))
                channels = 4 * width if bottleneck else width
            setattr(self, f"layer{index + 1}", nn.Sequential(*stage))
        self.channels = channels

    def forward(self, x):
        for index in (1, 2, 3):
            x = functional.relu(getattr(self, f"bn{index}")(getattr(self, f"conv{index}")(x)))
        x = functional.max_pool2d(x, 3, 2, 1)
        third = self.layer3(self.layer2(self.layer1(x)))
        return third, self.layer4(third)


class Inverted(nn.Module):
    def __init__(self, inputs, outputs, stride, dilation, expansion, residual):
        super().__init__()
        width = inputs * expansion
        layers = [] if expansion == 1 else [conv(inputs, width), nn.BatchNorm2d(width), nn.ReLU6()]
        layers += [
            conv(width, width, 3, stride, dilation, width), nn.BatchNorm2d(width), nn.ReLU6(),
            conv(width, outputs), nn.BatchNorm2d(outputs)]
        self.conv = nn.Sequential(*layers)
        self.residual = residual

    def forward(self, x):
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNet(nn.Module):
    channels = 320

    def __init__(self):
        super().__init__()
        features = [nn.Sequential(conv(3, 32, 3, 2), nn.BatchNorm2d(32), nn.ReLU6())]
        inputs = 32
        for expansion, outputs, count, stage_stride in [
                (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
                (6, 160, 3, 2), (6, 320, 1, 1)]:
            for block in range(count):
                index = len(features)
                nominal = 1 if block else stage_stride
                dilation = 1 if index < 8 else 2 if index < 15 else 4
                features.append(Inverted(
                    inputs, outputs, 1 if index in (7, 14) else nominal, dilation, expansion,
                    nominal == 1 and inputs == outputs))
                inputs = outputs
        self.net = nn.ModuleDict({"features": nn.Sequential(*features)})

    def forward(self, x):
        return None, self.net["features"](x)


def block(inputs, width):
    return nn.Sequential(*unit(inputs, width, 3), nn.Dropout(0.1), nn.Conv2d(width, CLASSES, 1))


class DeepLab(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        aspp = {"b0": nn.Sequential(*unit(inputs, width))}
        for index, dilation in enumerate((12, 24, 36), 1):
            aspp[f"b{index}"] = nn.ModuleDict(
                {"block": nn.Sequential(*unit(inputs, width, 3, dilation))})
        aspp["b4"] = nn.ModuleDict(
            {"gap": nn.Sequential(nn.AdaptiveAvgPool2d(1), *unit(inputs, width))})
        aspp["project"] = nn.Sequential(*unit(5 * width, width), nn.Dropout(0.5))
        self.aspp = nn.ModuleDict(aspp)
        self.block = block(width, width)

    def forward(self, x):
        aspp = self.aspp
        levels = [aspp["b0"](x)] + [aspp[f"b{index}"]["block"](x) for index in (1, 2, 3)]
        levels.append(spread(aspp["b4"]["gap"](x), x))
        return self.block(aspp["project"](torch.cat(levels, 1)))


class PSP(nn.Module):
    def __init__(self, inputs, width):
        super().__init__()
        self.psp = nn.ModuleDict({
            f"conv{index}": nn.Sequential(*unit(inputs, inputs // 4)) for index in (1, 2, 3, 4)})
        self.block = nn.Sequential(*unit(2 * inputs, width, 3), nn.Dropout(0.1))
        self.classifier = nn.Conv2d(width, CLASSES, 1)

    def forward(self, x):
        levels = [x]
        for index, bins in enumerate((1, 2, 3, 6), 1):
            pooled = functional.adaptive_avg_pool2d(x, bins)
            levels.append(spread(self.psp[f"conv{index}"](pooled), x))
        return self.classifier(self.block(torch.cat(levels, 1)))


class Network(nn.Module):
    def __init__(self, name):
        super().__init__()
        head, backbone = name.split("_")
        self.pretrained = {
            "resnet18": lambda: ResNet((2, 2, 2, 2), False),
            "resnet50": lambda: ResNet((3, 4, 6, 3), True),
            "mobile": MobileNet,
        }[backbone]()
        channels = self.pretrained.channels
        if head == "psp":
            self.head = PSP(channels, 512 if channels == 2048 else 128)
        else:
            self.head = DeepLab(channels, 256 if channels == 2048 else 128)
        self.auxlayer = None
        if backbone != "mobile":
            self.auxlayer = nn.ModuleDict({"block": block(channels // 2, channels // 8)})

    def forward(self, x):
        third, last = self.pretrained(x)
        return self.head(last), None if third is None else self.auxlayer["block"](third)


def fill(network):
    """Values by seed under which every layer matters.

    Larger ones drive MobileNetV2 into the bounds of ReLU6, where PyTorch's own float32 is 1e-5 away
    from its float64; with these it is 4e-7.
    """
    torch.manual_seed(1)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.bias, -0.2, 0.2)
            nn.init.uniform_(layer.running_mean, -0.2, 0.2)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)


def read_safetensors(path):
    data = bytearray(pathlib.Path(path).read_bytes())
    begin = 8 + int.from_bytes(data[:8], "little")
    types = {"F32": torch.float32, "I64": torch.int64}
    state = {}
    for name, entry in json.loads(data[8:begin]).items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            flat = torch.frombuffer(data[begin + first:begin + last], dtype=types[entry["dtype"]])
            state[name] = flat.reshape(entry["shape"])
    return state


def save(state, path, layout):
    torch.save(state, path, _use_new_zipfile_serialization=layout == "zip")


def backbone_of(network):
    return {
        name.removeprefix("pretrained.").removeprefix("net."): tensor
        for name, tensor in network.state_dict().items()
        if name.startswith("pretrained.")
    }


def require_same(found, expected):
    assert list(found) == list(expected), "other keys"
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, name
        assert torch.equal(found[name], tensor), name


def main(command, name, what, folder):
    folder = pathlib.Path(folder)
    network = Network(name)
    if command == "same":
        require_same(torch.load(what), torch.load(folder / "backbone.pth"))
        return
    if command == "backbone":
        fill(network)
        save(backbone_of(network), folder / "backbone.pth", what)
        return
    if command == "write":
        fill(network)
        save(network.state_dict(), folder / "weights.pth", what)
        images = torch.randn(INPUT)
        (folder / "input.f32").write_bytes(images.numpy().tobytes())
    else:
        network.load_state_dict(read_safetensors(what), strict=True)
        data = bytearray((folder / "input.f32").read_bytes())
        images = torch.frombuffer(data, dtype=torch.float32).reshape(INPUT)
    network.eval()
    with torch.no_grad():
        for output, logits in zip(("main", "auxiliary"), network(images)):
            if logits is not None:
                (folder / f"{output}.f32").write_bytes(logits.contiguous().numpy().tobytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
