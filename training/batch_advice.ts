/** Images per batch, in training and in validation. */
interface BatchSizes {
  /** Images per shard, if batches are divided into shards. */
  readonly batchSize: number;
  /** Absent without validation. */
  readonly evaluationBatchSize?: number;
}

/**
 * A sentence with the batch sizes that would fit, for a training whose own do not.
 *
 * @param fits whether a training of these sizes fits; smaller sizes must fit too
 */
export function adviseBatch(
  { batchSize, evaluationBatchSize, shards = 1 }: BatchSizes & { readonly shards?: number },
  fits: (sizes: BatchSizes) => boolean,
): string {
  const largest = largestBelow(Math.max(batchSize, evaluationBatchSize ?? 0), (size) =>
    fits({
      batchSize: Math.min(batchSize, size),
      evaluationBatchSize: evaluationBatchSize && Math.min(evaluationBatchSize, size),
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

/** The largest number from 1 to below `end` that passes a monotonic test; 0 if none does. */
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
