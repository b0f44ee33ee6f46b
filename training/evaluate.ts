/** Evaluating a network by its logits, whatever kind of file it came from. */
import type { Backend } from "../backends/backend.ts";
import type { Metrics } from "../checkpoints/run_state.ts";
import type { ImageSource } from "../datasets/image_source.ts";
import { BatchLoader } from "../datasets/loader.ts";
import type { Program } from "../graph/types.ts";
import { requireLabels } from "./labels.ts";
import { classification } from "./objectives/classification.ts";
import { pipelined } from "./pipeline.ts";

/** Options of {@link evaluateNetwork}. */
export interface EvaluateOptions {
  /** Images in a step. Default 256. */
  readonly batchSize?: number;
  /** Told the number of images done, at every batch. */
  readonly onProgress?: (count: number) => void;
  /** Told every image's label and the class it is taken for; -1 where the logits are not numbers. */
  readonly onPrediction?: (label: number, predicted: number) => void;
}

/**
 * Mean cross-entropy and accuracy of a network on labelled images.
 *
 * @param network gives the program for a batch size: input `pixels` u8 [N, H, W, C], output
 *   `logits` f32 [N, classes]
 * @throws InputError for a label that is none of the network's classes, MemoryLimitError for a
 *   batch that does not fit
 */
export async function evaluateNetwork(
  network: { program(batchSize: number): Program },
  images: ImageSource,
  backend: Backend,
  { batchSize = 256, onProgress, onPrediction }: EvaluateOptions = {},
): Promise<Metrics> {
  const size = Math.min(batchSize, images.count);
  const program = network.program(size);
  requireLabels(images, program.outputs.logits.shape[1]);
  using loader = new BatchLoader(images, { batchSize: size });
  const executable = await backend.compile([program]);
  try {
    let sums = { loss: 0, correct: 0, count: 0 };
    const results = pipelined(loader.epoch(0), backend, async ({ arrays, count }) => {
      // The batch is another one by the time its logits are there.
      const own = Int32Array.from(arrays.labels.subarray(0, count));
      const { logits } = await executable.run(program.name, { pixels: arrays.pixels });
      return { logits, labels: own };
    });
    for await (const { logits, labels } of results) {
      sums = addRows(sums, logits, labels, logits.length / size, onPrediction);
      onProgress?.(sums.count);
    }
    return classification().summarize(sums);
  } finally {
    executable.dispose();
  }
}

interface ClassificationSums {
  readonly loss: number;
  readonly correct: number;
  readonly count: number;
}

function addRows(
  { loss, correct, count }: ClassificationSums,
  logits: Float32Array,
  labels: Int32Array,
  classes: number,
  onPrediction: EvaluateOptions["onPrediction"],
): ClassificationSums {
  labels.forEach((label, n) => {
    const row = logits.subarray(n * classes, (n + 1) * classes);
    const largest = row.reduce((most, value) => Math.max(most, value), -Infinity);
    const total = row.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    loss += Math.log(total) + largest - row[label];
    const predicted = row.indexOf(largest);
    if (predicted === label) correct++;
    onPrediction?.(label, predicted);
  });
  return { loss, correct, count: count + labels.length };
}
