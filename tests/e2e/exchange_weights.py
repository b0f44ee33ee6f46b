"""Exchanges one model's weights with torchvision; see torchvision.ts.

    python exchange_weights.py FOLDER MODEL CLASSES

Reads `ours.safetensors` (weights, to be loaded strictly) and `x.safetensors`; writes the logits of both
sides' weights, `ours_logits.safetensors` and `theirs_logits.safetensors`, and weights of its own as
`theirs.pth` and `theirs.onnx`, PyTorch's default export.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
import torch
import torchvision

TYPES = {"F32": np.float32, "I64": np.int64}


def read(path):
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    data = memoryview(content)[8 + length :]
    return {
        name: torch.from_numpy(
            np.frombuffer(data[slice(*entry["data_offsets"])], TYPES[entry["dtype"]])
            .reshape(entry["shape"])
            .copy()
        )
        for name, entry in header.items()
        if name != "__metadata__"
    }


def write(path, name, tensor):
    data = tensor.numpy().tobytes()
    entry = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [0, len(data)]}
    header = json.dumps({name: entry}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


def main(folder, name, classes):
    build = getattr(torchvision.models, name)
    x = read(folder / "x.safetensors")["x"]
    torch.manual_seed(0)
    with torch.no_grad():
        model = build(num_classes=classes)
        model.load_state_dict(read(folder / "ours.safetensors"), strict=True)
        write(folder / "ours_logits.safetensors", "logits", model.eval()(x))
        # Batch norms with statistics of their own, as after a training.
        model = build(num_classes=classes)
        for norm in model.modules():
            if isinstance(norm, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
                torch.nn.init.uniform_(norm.bias, -0.5, 0.5)
        model.train()(torch.randn(4, *x.shape[1:]))
        torch.save(model.eval().state_dict(), folder / "theirs.pth")
        write(folder / "theirs_logits.safetensors", "logits", model(x))
        torch.onnx.export(model, x, folder / "theirs.onnx")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
