"""Loads a folded ResNet-18 into PyTorch. Needs torch and safetensors.

    deno task fold runs/NAME/checkpoints/best.safetensors
    python examples/pytorch_folded.py runs/NAME/folded/best.safetensors

The names are torchvision's, so torchvision.models.resnet18(num_classes=...) also loads the file if it has
all batch norms. A folded batch norm leaves a bias in the convolution before it: --batch-norm folds all of
them, and kinds of convolution with batch norms of their own fold those next to them.
"""

import json
import sys

import torch
from safetensors import safe_open
from torch import nn


class BasicBlock(nn.Module):
    def __init__(self, channels, planes, stride, conv):
        super().__init__()
        self.conv1 = conv(channels, planes, 3, stride=stride, padding=1)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = conv(planes, planes, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = None
        if stride != 1 or channels != planes:
            self.downsample = nn.Sequential(
                conv(channels, planes, 1, stride=stride), nn.BatchNorm2d(planes))

    def forward(self, x):
        y = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    """torchvision's ResNet-18, tensor by tensor, with any convolution."""

    def __init__(self, classes, conv, in_channels=3, width=64):
        super().__init__()
        self.conv1 = conv(in_channels, width, 7, stride=2, padding=3)
        self.bn1 = nn.BatchNorm2d(width)
        channels = width
        for i in range(4):
            planes = width << i
            setattr(self, f"layer{i + 1}", nn.Sequential(
                BasicBlock(channels, planes, 1 if i == 0 else 2, conv),
                BasicBlock(planes, planes, 1, conv),
            ))
            channels = planes
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = nn.functional.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, padding=1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean(dim=(2, 3)))


def read(path):
    """Returns the tensors and the metadata of a safetensors file."""
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata()


def load(path):
    """Returns the network in a folded file, ready for inference, and its description."""
    state, metadata = read(path)
    width, in_channels = state["conv1.weight"].shape[:2]
    model = ResNet18(len(state["fc.bias"]), nn.Conv2d, in_channels=in_channels, width=width)
    for name, module in list(model.named_modules()):
        parent, _, own = name.rpartition(".")
        if isinstance(module, nn.Conv2d) and f"{name}.bias" not in state:
            module.bias = None
        if isinstance(module, nn.BatchNorm2d) and f"{name}.weight" not in state:
            setattr(model.get_submodule(parent), own, nn.Identity())
    model.load_state_dict(state, strict=True)
    return model.eval(), json.loads(metadata["network"])


if __name__ == "__main__":
    model, network = load(sys.argv[1])
    size = network["input"]
    mean, std = (torch.tensor(network["normalization"][key])[:, None, None] for key in ("mean", "std"))
    picture = torch.rand(size["channels"], size["height"], size["width"])
    with torch.no_grad():
        probabilities = model(((picture - mean) / std)[None]).softmax(dim=1)[0]
    best = int(probabilities.argmax())
    print(f"noise looks like {network['classNames'][best]}: {probabilities[best]:.1%}")
