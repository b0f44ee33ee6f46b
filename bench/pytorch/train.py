#!/usr/bin/python3
"""Training speed of PyTorch on a network `overfold bench` measures, for comparison.

GluonCV's CIFAR ResNets v1 and torchvision's ResNets with DO-Conv layers as the paper defines them
(composed kernel DoW[o, i, m] = sum over s of (D + I)[i, m, s] W[o, i, s], I the tiled identity, then
a convolution), trained with SGD on random images. Prints one JSON object for each memory format,
then the better one with `"best": true`.

    /usr/bin/python3 bench/pytorch/train.py --network cifar_resnet20_v1 --threads 2 --steps 20
    /usr/bin/python3 bench/pytorch/train.py --network resnet18 --batch-size 16 --plain

With the environment that torchrun gives a process (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT) each
trains on a batch of its own, with DistributedDataParallel over gloo, and prints the speed of all.
"""
import argparse
import json
import os
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F


class DoConv2d(nn.Module):
    """A k x k convolution whose kernel is composed of W [g, out/g, in/g, k*k] and D [g, in/g, k*k, k*k]."""

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, groups=1, bias=True
    ):
        super().__init__()
        self.stride, self.padding, self.groups = stride, padding, groups
        area, inputs = kernel_size**2, in_channels // groups
        plain = nn.Conv2d(in_channels, out_channels, kernel_size, groups=groups, bias=bias)
        self.shape = plain.weight.shape
        self.W = nn.Parameter(
            plain.weight.detach().reshape(groups, out_channels // groups, inputs, area)
        )
        self.D = nn.Parameter(torch.zeros(groups, inputs, area, area))
        self.bias = plain.bias
        self.register_buffer("identity", torch.eye(area), persistent=False)

    def forward(self, x):
        kernel = torch.einsum("gims,gois->goim", self.D + self.identity, self.W)
        return F.conv2d(
            x, kernel.reshape(self.shape), self.bias, self.stride, self.padding, groups=self.groups
        )


def convolution_and_norm(convolution, in_channels, channels, kernel_size, stride=1):
    """A convolution without bias that keeps the size but for its stride, and its batch norm."""
    # A 1 x 1 kernel has no D.
    layer = convolution if kernel_size > 1 else nn.Conv2d
    padding = kernel_size // 2
    return (
        layer(in_channels, channels, kernel_size, stride=stride, padding=padding, bias=False),
        nn.BatchNorm2d(channels),
    )


class Residual(nn.Module):
    """relu(body(x) + shortcut(x)), the shortcut a 1 x 1 convolution where shapes differ."""

    def __init__(self, convolution, body, in_channels, channels, stride):
        super().__init__()
        self.body = nn.Sequential(*body)
        self.downsample = nn.Sequential()
        if stride != 1 or in_channels != channels:
            layers = convolution_and_norm(convolution, in_channels, channels, 1, stride)
            self.downsample = nn.Sequential(*layers)

    def forward(self, x):
        return F.relu(self.body(x) + self.downsample(x))


def basic_block(convolution, in_channels, channels, stride):
    """Two 3 x 3 convolutions."""
    body = (
        *convolution_and_norm(convolution, in_channels, channels, 3, stride),
        nn.ReLU(),
        *convolution_and_norm(convolution, channels, channels, 3),
    )
    return Residual(convolution, body, in_channels, channels, stride), channels


def bottleneck(convolution, in_channels, channels, stride):
    """1 x 1, 3 x 3 (which has the stride, as in torchvision) and 1 x 1 convolutions."""
    body = (
        *convolution_and_norm(convolution, in_channels, channels, 1),
        nn.ReLU(),
        *convolution_and_norm(convolution, channels, channels, 3, stride),
        nn.ReLU(),
        *convolution_and_norm(convolution, channels, 4 * channels, 1),
    )
    return Residual(convolution, body, in_channels, 4 * channels, stride), 4 * channels


def stages(convolution, block, in_channels, widths, depths):
    """Stages of blocks; each but the first begins with stride 2."""
    layers = []
    for stage, (channels, depth) in enumerate(zip(widths, depths)):
        for index in range(depth):
            stride = 2 if stage > 0 and index == 0 else 1
            layer, in_channels = block(convolution, in_channels, channels, stride)
            layers.append(layer)
    return layers, in_channels


def cifar_resnet(convolution, depth):
    """GluonCV's cifar_resnet v1: no ReLU after the stem's batch norm."""
    layers, channels = stages(convolution, basic_block, 16, (16, 32, 64), [(depth - 2) // 6] * 3)
    stem = convolution_and_norm(convolution, 3, 16, 3)
    return nn.Sequential(
        *stem, *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)
    )


def imagenet_resnet(convolution, block, depths):
    """torchvision's resnet, with ten classes."""
    layers, channels = stages(convolution, block, 64, (64, 128, 256, 512), depths)
    stem = (*convolution_and_norm(convolution, 3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    return nn.Sequential(
        *stem, *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)
    )


def of_torchvision(name):
    """A network of torchvision's, with ten classes, its kernels above 1 x 1 of the given kind."""

    def make(convolution):
        import torchvision

        model = getattr(torchvision.models, name)(num_classes=10)
        for module in list(model.modules()):
            for child, layer in module.named_children():
                if isinstance(layer, nn.Conv2d) and layer.kernel_size[0] > 1:
                    setattr(module, child, convolution(
                        layer.in_channels, layer.out_channels, layer.kernel_size[0],
                        stride=layer.stride, padding=layer.padding, groups=layer.groups,
                        bias=layer.bias is not None,
                    ))
        return model

    return make


# By name, the function that makes the network, and the size of its images.
NETWORKS = {
    "cifar_resnet20_v1": (lambda convolution: cifar_resnet(convolution, 20), 32),
    "cifar_resnet56_v1": (lambda convolution: cifar_resnet(convolution, 56), 32),
    "resnet18": (lambda convolution: imagenet_resnet(convolution, basic_block, (2, 2, 2, 2)), 224),
    "resnet50": (lambda convolution: imagenet_resnet(convolution, bottleneck, (3, 4, 6, 3)), 224),
    "mobilenet_v2": (of_torchvision("mobilenet_v2"), 224),
    "mobilenet_v3_small": (of_torchvision("mobilenet_v3_small"), 224),
    "mobilenet_v3_large": (of_torchvision("mobilenet_v3_large"), 224),
}


# Processes that train together.
RANKS = int(os.environ.get("WORLD_SIZE", 1))


def measure(memory_format, options):
    """Median and best images per second over `options.steps` training steps."""
    torch.manual_seed(0)
    make, size = NETWORKS[options.network]
    model = make(nn.Conv2d if options.plain else DoConv2d).to(memory_format=memory_format)
    if RANKS > 1:
        model = nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    images = torch.randn(options.batch_size, 3, size, size).to(memory_format=memory_format)
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
        "network": options.network,
        "memoryFormat": str(memory_format).removeprefix("torch."),
        "convolution": "conv" if options.plain else "do_conv",
        "threads": torch.get_num_threads(),
        "batchSize": options.batch_size,
        "imagesPerSecond": round(RANKS * options.batch_size / statistics.median(seconds), 2),
        "bestImagesPerSecond": round(RANKS * options.batch_size / min(seconds), 2),
        "millisecondsPerStep": round(1000 * statistics.median(seconds), 2),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--network", choices=NETWORKS, default="cifar_resnet20_v1")
    parser.add_argument("--plain", action="store_true", help="plain convolutions instead of DO-Conv")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--warmup", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if RANKS > 1:
        torch.distributed.init_process_group("gloo")
    results = [measure(f, options) for f in (torch.contiguous_format, torch.channels_last)]
    for result in results:
        print(json.dumps(result))
    print(json.dumps({**max(results, key=lambda r: r["imagesPerSecond"]), "best": True}))


if __name__ == "__main__":
    main()
