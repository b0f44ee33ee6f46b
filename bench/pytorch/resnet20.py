#!/usr/bin/python3
"""Training speed of PyTorch on the network `overfold bench` measures, for comparison.

GluonCV's CIFAR ResNet-20 v1 with DO-Conv layers as the paper defines them (composed kernel
DoW[o, i, m] = sum over s of (D + I)[i, m, s] W[o, i, s], I the tiled identity, then a convolution),
trained with SGD on random images. Prints one JSON object for each memory format, then the better
one with `"best": true`.

    /usr/bin/python3 bench/pytorch/resnet20.py --threads 2 --steps 20
    /usr/bin/python3 bench/pytorch/resnet20.py --plain
"""
import argparse
import json
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F


class DoConv2d(nn.Module):
    """A 3x3 convolution whose kernel is composed of W [out, in, 9] and D [in, 9, 9]."""

    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, bias=True):
        super().__init__()
        self.stride, self.padding = stride, padding
        self.shape = (out_channels, in_channels, kernel_size, kernel_size)
        area = kernel_size**2
        plain = nn.Conv2d(in_channels, out_channels, kernel_size, bias=bias)
        self.W = nn.Parameter(plain.weight.detach().reshape(out_channels, in_channels, area))
        self.D = nn.Parameter(torch.zeros(in_channels, area, area))
        self.bias = plain.bias
        self.register_buffer("identity", torch.eye(area), persistent=False)

    def forward(self, x):
        kernel = torch.einsum("ims,ois->oim", self.D + self.identity, self.W).reshape(self.shape)
        return F.conv2d(x, kernel, self.bias, self.stride, self.padding)


class BasicBlock(nn.Module):
    """GluonCV's CIFARBasicBlockV1."""

    def __init__(self, convolution, in_channels, channels, stride):
        super().__init__()
        self.body = nn.Sequential(
            convolution(in_channels, channels, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            convolution(channels, channels, 3, stride=1, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )
        self.downsample = nn.Sequential()
        if stride != 1 or in_channels != channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False),
                nn.BatchNorm2d(channels),
            )

    def forward(self, x):
        return F.relu(self.body(x) + self.downsample(x))


def resnet20(convolution, classes=10):
    """GluonCV's cifar_resnet20_v1: no ReLU after the stem's batch norm."""
    layers = [convolution(3, 16, 3, stride=1, padding=1, bias=False), nn.BatchNorm2d(16)]
    in_channels = 16
    for channels, stride in ((16, 1), (32, 2), (64, 2)):
        for block in range(3):
            layers.append(BasicBlock(convolution, in_channels, channels, stride if block == 0 else 1))
            in_channels = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, classes))


def measure(memory_format, options):
    """Median and best images a second over `options.steps` training steps."""
    torch.manual_seed(0)
    model = resnet20(nn.Conv2d if options.plain else DoConv2d).to(memory_format=memory_format)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    images = torch.randn(options.batch_size, 3, 32, 32).to(memory_format=memory_format)
    labels = torch.randint(0, 10, (options.batch_size,))
    seconds = []
    for step in range(options.warmup + options.steps):
        start = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
        if step >= options.warmup:
            seconds.append(time.perf_counter() - start)
    return {
        "backend": "pytorch " + torch.__version__,
        "memoryFormat": str(memory_format).removeprefix("torch."),
        "convolution": "conv" if options.plain else "do_conv",
        "threads": torch.get_num_threads(),
        "batchSize": options.batch_size,
        "imagesPerSecond": round(options.batch_size / statistics.median(seconds), 1),
        "bestImagesPerSecond": round(options.batch_size / min(seconds), 1),
        "millisecondsPerStep": round(1000 * statistics.median(seconds), 2),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--plain", action="store_true", help="plain convolutions instead of DO-Conv")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    results = [measure(f, options) for f in (torch.contiguous_format, torch.channels_last)]
    for result in results:
        print(json.dumps(result))
    print(json.dumps({**max(results, key=lambda r: r["imagesPerSecond"]), "best": True}))


if __name__ == "__main__":
    main()
