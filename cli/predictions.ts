/** Predictions of a network for image files. */

import type { Backend } from "../backends/backend.ts";
import type { LoadedNetwork } from "../checkpoints/load.ts";
import { pictureView } from "../datasets/picture_view.ts";
import { type TestTime, testTimeView, viewCount } from "../datasets/test_time.ts";
import { InputError } from "../errors.ts";
import { readImage, type ReadOptions, type ReadPicture } from "../files/images.ts";
import type { Raster } from "../files/raster.ts";
import { meanProbabilities } from "../networks/activation.ts";
import { requireFiniteLogits } from "../networks/finite.ts";
import type { NetworkDescription } from "../networks/network.ts";
import { calibratedProgram } from "../networks/temperature.ts";
import { pipelined } from "../training/pipeline.ts";
import type { SeenPicture } from "./explanation.ts";
import type { NamedProbability, Prediction } from "./prediction_formats.ts";

/** How images are read and what is reported about them. */
interface PredictionOptions extends ReadOptions {
  /** Images computed at once, each view counted. */
  readonly batchSize: number;
  /** The views of each image. Default: one. */
  readonly testTime?: TestTime;
  /** Whether to return the decoded images with the results; they are then computed one by one. */
  readonly keepsPictures?: boolean;
  /** When it aborts, no more images are read; images already read are still classified. */
  readonly signal: AbortSignal;
  /** Which of the classes, the most probable first, are listed. */
  choose(ranking: readonly NamedProbability[]): readonly NamedProbability[];
  /** Receives a message for each image that cannot be read. */
  onFailure(message: string): void;
}

/** What is reported of an image that has been read. */
type ImageFacts = Pick<Prediction, "image"> & Omit<ReadPicture, "pixels">;

interface Predicted {
  readonly result: ImageFacts & Pick<Prediction, "predictions">;
  /** The decoded image, if kept. */
  readonly seen?: SeenPicture;
}

/** Decoded images in the network's input format. */
interface PictureBatch {
  readonly pictures: readonly (ImageFacts & { readonly raster?: Raster })[];
  /** u8 [batchSize · views, height, width, channels]; zero after the last image. */
  readonly pixels: Uint8Array;
}

/** Classifies images, in order. */
export async function* predictions(
  { program, description }: LoadedNetwork,
  paths: readonly string[],
  backend: Backend,
  options: PredictionOptions,
): AsyncGenerator<Predicted, void, void> {
  const { classNames, activation } = description;
  const views = options.testTime ? viewCount(options.testTime) : 1;
  const most = options.keepsPictures ? 1 : Math.floor(options.batchSize / views);
  const batchSize = Math.max(1, Math.min(most, paths.length));
  const infer = calibratedProgram(program(batchSize * views), description);
  const executable = await backend.compile([infer]);
  try {
    const batches = readBatches(paths, description, batchSize, options);
    const results = pipelined(batches, backend, async ({ pictures, pixels }) => {
      const { logits } = await executable.run(infer.name, { pixels });
      return { pictures, pixels, logits };
    });
    for await (const { pictures, pixels, logits } of results) {
      const [length, size] = [logits.length / batchSize, pixels.length / (batchSize * views)];
      for (const [row, { raster, ...picture }] of pictures.entries()) {
        const own = logits.subarray(row * length, (row + 1) * length);
        await requireFiniteLogits(own, program, backend, (view) => ({
          name: picture.image,
          pixels: pixels.subarray((row * views + view) * size, (row * views + view + 1) * size),
        }));
        const ranked = ranking(meanProbabilities(own, views, activation), classNames);
        yield {
          result: { ...picture, predictions: options.choose(ranked) },
          ...(raster ? { seen: { image: picture.image, raster, pixels, logits: own } } : {}),
        };
      }
    }
  } finally {
    executable.dispose();
  }
}

async function* readBatches(
  paths: readonly string[],
  description: NetworkDescription,
  batchSize: number,
  options: PredictionOptions,
): AsyncGenerator<PictureBatch, void, void> {
  const { input: size } = description;
  const { testTime } = options;
  const view = testTime ? testTimeView(description, testTime) : pictureView(description);
  const views = testTime ? viewCount(testTime) : 1;
  const imageBytes = views * size.height * size.width * size.channels;
  const emptyBatch = () => ({
    pictures: [] as PictureBatch["pictures"][number][],
    pixels: new Uint8Array(batchSize * imageBytes),
  });
  let batch = emptyBatch();
  // Opening a pipe may block forever.
  const stopped = new Promise<void>((resolve) =>
    options.signal.addEventListener("abort", () => resolve(), { once: true })
  );
  for (const image of paths) {
    if (options.signal.aborted) break;
    try {
      let raster: Raster | undefined;
      const keeping = (picture: Raster) => {
        if (options.keepsPictures) raster = picture;
        return view(picture);
      };
      const read = await Promise.race([readImage(image, size, options, keeping), stopped]);
      if (!read) break;
      const { pixels, ...rest } = read;
      batch.pixels.set(pixels, batch.pictures.length * imageBytes);
      batch.pictures.push({ image, ...rest, ...(raster ? { raster } : {}) });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      options.onFailure(error.message);
      continue;
    }
    if (batch.pictures.length === batchSize) {
      yield batch;
      batch = emptyBatch();
    }
  }
  if (batch.pictures.length > 0) yield batch;
}

/** All classes, the most probable first. */
function ranking(
  probabilities: readonly number[],
  classNames: readonly string[],
): NamedProbability[] {
  return probabilities
    .map((probability, i) => ({ name: classNames[i] ?? String(i), probability }))
    .sort((a, b) => b.probability - a.probability);
}
