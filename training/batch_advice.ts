/** Which batches fit, where the ones asked for do not. */

/** Images that are computed on at once, in training and in validation. */
interface BatchSizes {
  /** Those of a shard, where batches are cut into some. */
  readonly batchSize: number;
  /** Absent where nothing is validated. */
  readonly evaluationBatchSize?: number;
}

/**
 * A sentence that says which batches would fit.
 *
 * @param fits whether a training of these sizes fits; what fits does so in smaller batches too
 */
export function adviseBatch(
  { batchSize, evaluationBatchSize, shards = 1 }: BatchSizes & { readonly shards?: number },
  fits: (sizes: BatchSizes) => boolean,
): string {
  const largest = largestBelow(Math.max(batchSize, evaluationBatchSize ?? 0), (size) =>
    fits({
      batchSize: Math.min(batchSize, size),
      ...(evaluationBatchSize === undefined
        ? {}
        : { evaluationBatchSize: Math.min(evaluationBatchSize, size) }),
    }));
  if (largest === 0) {
    return "Not even a batch of one image fits; use a smaller model or smaller images.";
  }
  if (shards > 1) {
    return `The largest shard that fits is ${largest}: set data.shards (now ${shards}) to at least ` +
      `${Math.ceil(shards * batchSize / largest)}, or data.batchSize (${
        shards * batchSize
      }) to at ` +
      `most ${shards * largest}` +
      (evaluationBatchSize === undefined
        ? "."
        : `, and data.evalBatchSize (${evaluationBatchSize}) to at most ${largest}.`);
  }
  return `The largest batch that fits is ${largest}: set data.batchSize (now ${batchSize})` +
    (evaluationBatchSize === undefined ? "" : ` and data.evalBatchSize (${evaluationBatchSize})`) +
    ` to at most ${largest}.`;
}

/** The largest number from 1 below `end` that satisfies a test which larger ones fail; else 0. */
function largestBelow(end: number, satisfies: (size: number) => boolean): number {
  let low = 0;
  let high = end;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (satisfies(middle)) low = middle;
    else high = middle;
  }
  return low;
}
