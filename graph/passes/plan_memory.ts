/** Memory planning: places tensors that live at different times over each other. */

/** A tensor that needs memory from its first use to its last, both included. */
export interface MemoryItem {
  readonly bytes: number;
  /** Index of the step that first writes it. */
  readonly firstUse: number;
  /** Index of the step that last reads or writes it. */
  readonly lastUse: number;
}

/** Where the items go. */
export interface MemoryPlacement {
  /** Byte offset of each item, in the order given. */
  readonly offsets: readonly number[];
  /** Bytes all items need together. */
  readonly totalBytes: number;
}

/**
 * Places items so that no two overlap in both time and space: the largest first, each in the
 * smallest sufficient gap between those alive at the same time ("greedy by size", Pisarchyk and
 * Lee, arXiv 2001.03288).
 *
 * @param alignment every offset is a multiple of it, in bytes; default 64, a cache line
 */
export function planMemory(items: readonly MemoryItem[], alignment = 64): MemoryPlacement {
  const offsets = new Array<number>(items.length).fill(0);
  const align = (offset: number) => Math.ceil(offset / alignment) * alignment;
  const order = items.map((_, i) => i).sort((a, b) => items[b].bytes - items[a].bytes || a - b);
  // Kept in order of offset.
  const placed: number[] = [];
  let totalBytes = 0;
  for (const index of order) {
    const item = items[index];
    if (item.bytes === 0) continue;
    let offset = 0;
    let best = -1;
    let bestGap = Infinity;
    for (const other of placed) {
      const { bytes, firstUse, lastUse } = items[other];
      if (firstUse > item.lastUse || lastUse < item.firstUse) continue;
      const gap = offsets[other] - offset;
      if (gap >= item.bytes && gap < bestGap) {
        best = offset;
        bestGap = gap;
      }
      offset = Math.max(offset, align(offsets[other] + bytes));
    }
    offsets[index] = best >= 0 ? best : offset;
    const position = placed.findIndex((other) => offsets[other] > offsets[index]);
    placed.splice(position < 0 ? placed.length : position, 0, index);
    totalBytes = Math.max(totalBytes, offsets[index] + item.bytes);
  }
  return { offsets, totalBytes };
}
