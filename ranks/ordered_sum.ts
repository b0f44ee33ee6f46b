/**
 * Sums over ranks in a fixed order. MPI's reduction may add in any order, depending on its algorithm and
 * so on the library, the size and the number of ranks. Here each rank receives its slice of all arrays,
 * adds these in rank order and sends the sum to all: the traffic of the best all-reduce, and the same
 * bits on every transport.
 */
import type { Parts, Transport } from "./transport.ts";

/** Leaf `from` of a tree, with all that was added to it, is added to leaf `into`. */
interface Addition {
  readonly into: number;
  readonly from: number;
  /** The last leaf that it contains: leaves made one by one are added as soon as that one is made. */
  readonly after: number;
}

/**
 * The order in which leaves are added: in halves while their number is even, one after the other if it
 * is odd; the sum ends in leaf 0. If 2^k ranks each add an equal share of the leaves in this order, and
 * then their sums in this order, the tree equals that of all the leaves: so the number of ranks changes
 * no bit.
 *
 * @param leaves number of leaves of the tree
 * @param present number of leaves that exist, the first ones; the others are skipped. Default: all
 */
export function additions(leaves: number, present: number = leaves): Addition[] {
  const found: Addition[] = [];
  const visit = (first: number, count: number) => {
    if (count === 1) return;
    const parts = count % 2 === 0 ? 2 : count;
    const each = count / parts;
    for (let i = 0; i < parts; i++) {
      const from = first + i * each;
      if (from >= present) return;
      visit(from, each);
      if (i > 0) found.push({ into: first, from, after: Math.min(from + each, present) - 1 });
    }
  };
  visit(0, leaves);
  return found;
}

/** Floats per exchange: what is received stays in the cache until it is added. */
export const BLOCK = 2 ** 20;

/** Sums over the ranks of a transport, with memory that is reused. */
export class OrderedSum {
  #received = new Float32Array(0);

  constructor(private readonly transport: Transport) {}

  /** As {@link Ranks.sum}. */
  async sum(data: Float32Array, contributors: number = this.transport.size): Promise<void> {
    for (let start = 0; start < data.length; start += BLOCK) {
      await this.#sumBlock(data.subarray(start, start + BLOCK), contributors);
    }
  }

  async #sumBlock(data: Float32Array, contributors: number): Promise<void> {
    const { transport } = this, { rank, size } = transport;
    const each = Math.ceil(data.length / size);
    const bounds = Array.from({ length: size + 1 }, (_, i) => Math.min(i * each, data.length));
    const own = data.subarray(bounds[rank], bounds[rank + 1]);
    if (this.#received.length < contributors * each) {
      this.#received = new Float32Array(contributors * each);
    }
    const arriving = bounds.map((_, i) => Math.min(i, contributors) * own.length);
    // A rank's own part stays in place.
    await transport.allToAll(
      parts(data, bounds, (i) => rank < contributors && i !== rank),
      parts(this.#received, arriving, (i) => i !== rank),
    );
    const operands = Array.from(
      { length: contributors },
      (_, i) => i === rank ? own : this.#received.subarray(arriving[i], arriving[i + 1]),
    );
    const order = additions(size, contributors);
    order.forEach(({ into, from }, i) => {
      const sum = i === order.length - 1 ? own : operands[into];
      add(operands[into], operands[from], sum);
    });
    if (order.length === 0 && rank !== 0) own.set(operands[0]);
    await transport.allGather(parts(data, bounds));
  }
}

/** The floats between two bounds, as each rank's part; parts that are not wanted are empty. */
function parts(
  data: Float32Array,
  bounds: readonly number[],
  isWanted: (rank: number) => boolean = () => true,
): Parts {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const offsets = Int32Array.from(bounds.slice(0, -1), (bound) => bound * data.BYTES_PER_ELEMENT);
  const lengths = offsets.map((_, i) =>
    isWanted(i) ? (bounds[i + 1] - bounds[i]) * data.BYTES_PER_ELEMENT : 0
  );
  return { bytes, offsets, lengths };
}

/** Rounding a double-precision sum of two floats to single gives their single-precision sum. */
function add(a: Float32Array, b: Float32Array, sum: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = a[i] + b[i];
}
