"""Loads an unfolded ResNet-18 into PyTorch to continue its over-parameterized training there.

    deno task export runs/NAME/checkpoints/best.safetensors --format authors
    python examples/pytorch_do_conv.py runs/NAME/folded/best.authors.safetensors

Needs torch, safetensors and the DO-Conv authors' layer: put do_conv_pytorch_1_10.py of
https://github.com/yangyanli/DO-Conv next to this file.
"""

import sys

import torch
from do_conv_pytorch_1_10 import DOConv2d
from torch import nn

from pytorch_folded import ResNet18, read


def load(path):
    """Returns the network in a file of `export --format authors`, ready for training."""
    state, _ = read(path)
    width, in_channels = state["conv1.W"].shape[:2]

    def conv(channels, planes, size, **options):
        # A 1x1 kernel has nothing to over-parameterize and stays a plain convolution.
        layer = nn.Conv2d if size == 1 else DOConv2d
        return layer(channels, planes, size, **options, bias=False)

    model = ResNet18(len(state["fc.bias"]), conv, in_channels=in_channels, width=width)
    model.load_state_dict(state, strict=True)
    return model


if __name__ == "__main__":
    model = load(sys.argv[1])
    logits = model(torch.randn(8, model.conv1.in_channels, 64, 64))
    nn.functional.cross_entropy(logits, torch.arange(8) % logits.shape[1]).backward()
    print(f"one step on noise; the gradient by conv1.D is {model.conv1.D.grad.norm():.3g}")
