/**
 * Assigns temporaries to GPU buffers.
 *
 * A temporary gets a whole buffer, which is reused after its contents have been read for the last
 * time, instead of a place in one large buffer: WebGPU tracks reads and writes per buffer, so a
 * place next to one that is being written could not be bound for reading only, and independent
 * dispatches would wait for each other. A network's activations have few sizes, so little memory is
 * wasted.
 */
import type { MemoryBuffer, Ref } from "./kernel.ts";
import type { LoweredProgram } from "./lowered_program.ts";

/** The temporaries of a program over shared buffers. */
export interface TemporaryPlan {
  /** Bytes of each shared buffer. */
  readonly sizes: readonly number[];
  /** The shared buffer of each temporary. */
  readonly slots: ReadonlyMap<MemoryBuffer, number>;
}

/** Indices of the first and last dispatch that use a buffer. */
interface Lifetime {
  readonly buffer: MemoryBuffer;
  readonly first: number;
  last: number;
}

/**
 * Assigns buffers in the order of the dispatches: the smallest free one that fits, otherwise the
 * largest, which grows; a new one if none is free or it would be far too large.
 */
export function planTemporaries(lowered: LoweredProgram): TemporaryPlan {
  const slots = new Map<MemoryBuffer, number>();
  const sizes: number[] = [];
  const free = new Set<number>();
  const ending = new Map<number, number[]>();
  const lifetimes = lifetimesOf(lowered);
  let next = 0;
  for (let dispatch = 0; dispatch < lowered.dispatches.length; dispatch++) {
    for (; next < lifetimes.length && lifetimes[next].first === dispatch; next++) {
      const { buffer, last } = lifetimes[next];
      const slot = takeSlot(buffer.bytes, sizes, free);
      slots.set(buffer, slot);
      ending.set(last, [...(ending.get(last) ?? []), slot]);
    }
    ending.get(dispatch)?.forEach((slot) => free.add(slot));
  }
  return { sizes, slots };
}

/** A free buffer for `bytes` bytes; the largest free one grows if none is large enough. */
function takeSlot(bytes: number, sizes: number[], free: Set<number>): number {
  const candidates = [...free].sort((a, b) => sizes[a] - sizes[b]);
  const chosen = candidates.find((slot) => sizes[slot] >= bytes) ?? candidates.at(-1);
  // A small tensor would block a large buffer. Measure with `deno task bench CONFIG --cost`.
  const isWasteful = chosen !== undefined && sizes[chosen] > 4 * bytes + 65536;
  const slot = chosen === undefined || isWasteful ? sizes.push(0) - 1 : chosen;
  free.delete(slot);
  sizes[slot] = Math.max(sizes[slot], bytes);
  return slot;
}

function lifetimesOf({ dispatches, outputs, copies }: LoweredProgram): Lifetime[] {
  const lifetimes = new Map<MemoryBuffer, Lifetime>();
  const use = ({ buffer }: Ref, dispatch: number) => {
    if (buffer.kind !== "temporary") return;
    const known = lifetimes.get(buffer);
    if (known) known.last = dispatch;
    else lifetimes.set(buffer, { buffer, first: dispatch, last: dispatch });
  };
  dispatches.forEach(({ operands }, i) => {
    for (const { ref } of Object.values(operands)) use(ref, i);
  });
  for (const ref of [...Object.values(outputs), ...copies.map(({ source }) => source)]) {
    use(ref, dispatches.length);
  }
  return [...lifetimes.values()].sort((a, b) => a.first - b.first);
}

/** Bytes of buffers that several programs use in turn: one for the k-th largest of each program. */
export function sharedSizes(plans: readonly TemporaryPlan[]): number[] {
  const ranked = plans.map(({ sizes }) => sizes.toSorted((a, b) => b - a));
  const count = Math.max(0, ...ranked.map(({ length }) => length));
  return Array.from({ length: count }, (_, k) => Math.max(...ranked.map((sizes) => sizes[k] ?? 0)));
}

/** For each buffer of a plan, the index of its shared buffer. */
export function sharedSlots({ sizes }: TemporaryPlan): number[] {
  const order = sizes.map((_, slot) => slot).sort((a, b) => sizes[b] - sizes[a]);
  const slots = new Array<number>(sizes.length);
  order.forEach((slot, rank) => slots[slot] = rank);
  return slots;
}
