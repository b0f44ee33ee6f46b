#!/usr/bin/python3
"""Speed at which PIL reads images for training, for comparison: makes the images and reads them.

    /usr/bin/python3 bench/pictures/pil.py make cifar10-jpeg.tar FOLDER --count 2000
    /usr/bin/python3 bench/pictures/pil.py read FOLDER --processes 2

`make` writes JPEG images of 500 x 375, 4:2:0, to FOLDER/train/CLASS and /val/CLASS: images of the
archive, enlarged, with texture of all sizes added, so that files are as large as a camera's (some
60 kB). `read` decodes, crops, scales and flips each, as torchvision's RandomResizedCrop(224) and
RandomHorizontalFlip do with PIL's images, and prints a JSON object.
"""
import argparse
import io
import json
import math
import multiprocessing
import pathlib
import random
import tarfile
import time

import numpy
from PIL import Image

WIDTH, HEIGHT = 500, 375
QUALITIES = range(85, 96)
SIZE = 224


def make_texture(rng):
    """Noise whose amplitude grows with the size of its grains, as in photographs."""
    total = numpy.zeros((HEIGHT, WIDTH, 3))
    for grain in (1, 2, 4, 8, 16, 32):
        shape = (math.ceil(HEIGHT / grain), math.ceil(WIDTH / grain))
        grey = rng.standard_normal((*shape, 1)) + 0.3 * rng.standard_normal((*shape, 3))
        layers = (Image.fromarray(grey[..., c].astype(numpy.float32)) for c in range(3))
        scaled = [numpy.asarray(layer.resize((WIDTH, HEIGHT), Image.BICUBIC)) for layer in layers]
        total += 3 * grain**0.5 * numpy.stack(scaled, axis=-1)
    return total


def make(options):
    """Writes the images, the same at every call; one of ten is for validation."""
    with tarfile.open(options.archive) as archive:
        names = sorted(n for n in archive.getnames() if n.startswith("train/") and n.endswith(".jpg"))
        rng = numpy.random.default_rng(0)
        textures = [make_texture(rng) for _ in range(16)]
        chosen = sorted(rng.choice(len(names), options.count, replace=False))
        for number, index in enumerate(chosen):
            stored = Image.open(io.BytesIO(archive.extractfile(names[index]).read())).convert("RGB")
            enlarged = numpy.asarray(stored.resize((WIDTH, HEIGHT), Image.BICUBIC))
            texture = numpy.roll(rng.choice(textures), rng.integers(HEIGHT), axis=0)
            pixels = numpy.clip(enlarged + texture, 0, 255).astype(numpy.uint8)
            split = "val" if number % 10 == 0 else "train"
            folder = pathlib.Path(options.folder, split, names[index].split("/")[1])
            folder.mkdir(parents=True, exist_ok=True)
            quality = QUALITIES[number % len(QUALITIES)]
            Image.fromarray(pixels).save(folder / f"{number}.jpg", quality=quality, subsampling="4:2:0")
    print(json.dumps({"count": options.count}))


def draw_part(width, height):
    """torchvision's RandomResizedCrop.get_params."""
    for _ in range(10):
        area = width * height * random.uniform(0.08, 1)
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < w <= width and 0 < h <= height:
            return random.randint(0, width - w), random.randint(0, height - h), w, h
    # The images' own ratio is within the range of drawn ratios.
    return 0, 0, width, height


def read(path):
    """An image as a network sees it: [3, 224, 224], as torchvision's PILToTensor."""
    with open(path, "rb") as file:
        picture = Image.open(file).convert("RGB")
    left, top, w, h = draw_part(*picture.size)
    seen = picture.crop((left, top, left + w, top + h)).resize((SIZE, SIZE), Image.BILINEAR)
    if random.random() < 0.5:
        seen = seen.transpose(Image.FLIP_LEFT_RIGHT)
    return numpy.asarray(seen).transpose(2, 0, 1).copy()


def read_all(paths):
    """Reads images; the sum uses every result."""
    return sum(int(read(path)[0, 0, 0]) for path in paths)


def measure(options):
    """Images per second of several processes, without their start."""
    paths = sorted(str(path) for path in pathlib.Path(options.folder, "train").glob("*/*.jpg"))
    random.Random(0).shuffle(paths)
    shares = [paths[i :: options.processes] for i in range(options.processes)]
    with multiprocessing.Pool(options.processes) as pool:
        pool.map(read_all, [share[:20] for share in shares], chunksize=1)
        start = time.perf_counter()
        pool.map(read_all, shares, chunksize=1)
        seconds = time.perf_counter() - start
    print(json.dumps({"imagesPerSecond": len(paths) / seconds}))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("make")
    making.add_argument("archive")
    making.add_argument("folder")
    making.add_argument("--count", type=int, default=2000)
    making.set_defaults(run=make)
    reading = commands.add_parser("read")
    reading.add_argument("folder")
    reading.add_argument("--processes", type=int, default=2)
    reading.set_defaults(run=measure)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
