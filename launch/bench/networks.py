"""The networks of the comparison in PyTorch: dilated ResNets with the deep stem, DeepLabV3 heads."""

import torch
from torch import nn
from torch.nn import functional


def block(inputs, outputs, kernel, stride=1, dilation=1, relu=True):
    """Convolution, BatchNorm and, if asked for, ReLU."""
    layers = [
        nn.Conv2d(
            inputs, outputs, kernel, stride, kernel // 2 * dilation, dilation, bias=False
        ),
        nn.BatchNorm2d(outputs),
    ]
    if relu:
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


class Residual(nn.Module):
    """Two 3x3 convolutions, or 1x1, 3x3, 1x1, around which the input is added."""

    def __init__(self, inputs, width, stride, dilations, bottleneck):
        super().__init__()
        first, rest = dilations
        outputs = 4 * width if bottleneck else width
        if bottleneck:
            self.body = nn.Sequential(
                block(inputs, width, 1),
                block(width, width, 3, stride, first),
                block(width, outputs, 1, relu=False),
            )
        else:
            self.body = nn.Sequential(
                block(inputs, width, 3, stride, first),
                block(width, outputs, 3, 1, rest, relu=False),
            )
        reshapes = stride != 1 or inputs != outputs
        self.side = block(inputs, outputs, 1, stride, relu=False) if reshapes else nn.Identity()

    def forward(self, x):
        return functional.relu(self.body(x) + self.side(x), inplace=True)


class Backbone(nn.Module):
    """ResNet at output stride 8."""

    def __init__(self, counts, bottleneck):
        super().__init__()
        self.stem = nn.Sequential(
            block(3, 64, 3, 2), block(64, 64, 3), block(64, 128, 3), nn.MaxPool2d(3, 2, 1)
        )
        inputs = 128
        self.stages = nn.ModuleList()
        for count, width, stride, dilation in zip(
            counts, (64, 128, 256, 512), (1, 2, 1, 1), (1, 1, 2, 4)
        ):
            blocks = []
            for index in range(count):
                first = (1 if dilation < 4 else 2) if index == 0 else dilation
                blocks.append(
                    Residual(
                        inputs, width, stride if index == 0 else 1, (first, dilation), bottleneck
                    )
                )
                inputs = 4 * width if bottleneck else width
            self.stages.append(nn.Sequential(*blocks))

    def forward(self, x):
        features = []
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features[2], features[3]


class Head(nn.Module):
    """3x3 convolution, BatchNorm, ReLU, dropout and the classifier."""

    def __init__(self, inputs, width, classes):
        super().__init__()
        self.layers = nn.Sequential(
            block(inputs, width, 3), nn.Dropout(0.1), nn.Conv2d(width, classes, 1)
        )

    def forward(self, x):
        return self.layers(x)


class Pyramid(nn.Module):
    """Atrous spatial pyramid pooling."""

    def __init__(self, inputs, width):
        super().__init__()
        self.branches = nn.ModuleList(
            [block(inputs, width, 1)] + [block(inputs, width, 3, 1, d) for d in (12, 24, 36)]
        )
        self.pooled = nn.Sequential(nn.AdaptiveAvgPool2d(1), block(inputs, width, 1))
        self.project = nn.Sequential(block(5 * width, width, 1), nn.Dropout(0.5))

    def forward(self, x):
        spread = functional.interpolate(
            self.pooled(x), x.shape[2:], mode="bilinear", align_corners=True
        )
        return self.project(torch.cat([branch(x) for branch in self.branches] + [spread], 1))


class DeepLabV3(nn.Module):
    """Main and auxiliary logits at an eighth of the size."""

    def __init__(self, depth, classes):
        super().__init__()
        counts, bottleneck = {18: ((2, 2, 2, 2), False), 101: ((3, 4, 23, 3), True)}[depth]
        channels = (1024, 2048) if bottleneck else (256, 512)
        width = 256 if bottleneck else 128
        self.backbone = Backbone(counts, bottleneck)
        self.head = nn.Sequential(Pyramid(channels[1], width), Head(width, width, classes))
        self.auxiliary = Head(channels[0], channels[0] // 4, classes)

    def forward(self, x):
        third, fourth = self.backbone(x)
        return self.head(fourth), self.auxiliary(third)
