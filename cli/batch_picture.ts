/** The first batch of a training, as `overfold inspect --batch` draws it. */
import type { Backend } from "../backends/backend.ts";
import type { ConfigFile } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { BatchArrays } from "../datasets/batch.ts";
import { imageSize } from "../datasets/image_source.ts";
import { type Batch, BatchLoader } from "../datasets/loader.ts";
import { PROBABILITIES } from "../datasets/mixing/targets.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { encodePng } from "../files/encode_png.ts";
import { emptyRaster, type Raster } from "../files/raster.ts";
import { output, trace } from "../graph/trace.ts";
import { programInputs } from "../graph/leaves.ts";
import type { ImageFormat } from "../models/inference.ts";
import { formatNumberOf } from "../reporting/format.ts";
import { changedInput, type TrainingChanges } from "../training/image_input.ts";
import { batchSheet, type Tile } from "./batch_sheet.ts";
import type { Context } from "./command.ts";
import { type Images, loadImages } from "./load_data.ts";
import { changesOf } from "./prepare.ts";

/** Most classes written under an image. */
const MAX_CLASSES = 3;

/** Draws the first batch of a training into a PNG file at `path`. */
export async function drawBatch(
  file: ConfigFile,
  format: ImageFormat,
  backend: Backend,
  path: string,
  context: Context,
): Promise<void> {
  const images = await loadImages(file, context, { download: false });
  const { png, count, drawn } = await firstBatch(file.config, images, format, backend);
  await writeFileAtomic(path, png);
  const some = drawn < count ? `, ${drawn} of them drawn` : "";
  context.print(`first batch: ${path}; ${formatNumberOf(count, "image")}${some}`);
}

/** The first training batch as a PNG file, and how many of its images are drawn. */
export async function firstBatch(
  { data, seed }: Pick<Config, "data" | "seed">,
  { info, train }: Pick<Images, "info" | "train">,
  format: ImageFormat,
  backend: Backend,
): Promise<{ readonly png: Uint8Array; readonly count: number; readonly drawn: number }> {
  const changes = changesOf(data, format.input);
  using loader = new BatchLoader(train, {
    batchSize: Math.min(data.batchSize, train.count),
    seed,
    shuffle: true,
    sampling: data.sampling,
    augmentation: changes.augmentation,
    augRepeats: data.augRepeats,
    workers: data.workers,
    mixing: changes.mixing && { options: changes.mixing, classes: info.classNames.length },
  });
  const { value: batch } = await loader.epoch(0).next();
  const images = await shown(batch!, format, changes, backend);
  const tiles = images.map((picture, row): Tile => ({
    picture,
    lines: linesOf(batch!.arrays, row, info.classNames),
  }));
  const { sheet, drawn } = batchSheet(tiles);
  return { png: await encodePng(sheet), count: images.length, drawn };
}

/** The images of a batch as the network receives them, converted back to pixels. */
async function shown(
  { arrays, count }: Batch,
  format: ImageFormat,
  changes: TrainingChanges,
  backend: Backend,
): Promise<Raster[]> {
  const rows = arrays.pixels.length / imageSize(format.input);
  const program = trace({ name: "batch", training: true }, () => {
    output("images", changedInput(format, changes).traceInput(rows));
  });
  const executable = await backend.compile([program]);
  try {
    const inputs = programInputs(program).map(({ name }) => [name, arrays[name]]);
    const { images } = await executable.run(program.name, Object.fromEntries(inputs));
    return Array.from({ length: count }, (_, row) => picture(images, row, format));
  } finally {
    executable.dispose();
  }
}

/** Undoes the normalization of an image of f32 [N, C, H, W]. */
function picture(images: Float32Array, row: number, { input, normalization }: ImageFormat): Raster {
  const { height, width, channels } = input;
  const { mean, std } = normalization;
  const raster = emptyRaster(height, width, channels);
  const plane = height * width;
  for (let i = 0; i < raster.data.length; i++) {
    const c = i % channels;
    const value = images[(row * channels + c) * plane + Math.floor(i / channels)];
    raster.data[i] = Math.max(0, Math.min(255, Math.round(255 * (value * std[c] + mean[c]))));
  }
  return raster;
}

/** What an image shows: its most likely classes, with their shares if there are several. */
function linesOf(arrays: BatchArrays, row: number, classNames: readonly string[]): string[] {
  const classes = classNames.length;
  const numbers = arrays[PROBABILITIES] ?? arrays.targets;
  if (!numbers) return [classNames[arrays.labels[row]]];
  const found = classNames
    .map((name, c) => ({ name, share: numbers[row * classes + c] }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
  const lines = found.slice(0, MAX_CLASSES)
    .map(({ name, share }) => share === 1 ? name : `${share.toFixed(2)} ${name}`);
  return found.length > MAX_CLASSES ? [...lines, `+${found.length - MAX_CLASSES}`] : lines;
}
