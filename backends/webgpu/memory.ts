/**
 * Which GPU buffer holds what.
 *
 * Temporaries get whole buffers, handed on once their content has been read for the last time,
 * instead of places in one large buffer: WebGPU tracks reading and writing by buffer, so a place
 * beside one that is being written could not be bound for reading only, and dispatches that do not
 * depend on each other would wait for each other. A network's activations have few sizes, so little
 * is lost by it.
 */
import type { MemoryBuffer, Ref } from "./kernel.ts";
import type { LoweredProgram } from "./lowered_program.ts";

/** The temporaries of a program over shared buffers. */
export interface TemporaryPlan {
  /** Bytes of each shared buffer. */
  readonly sizes: readonly number[];
  /** Which shared buffer holds a temporary. */
  readonly slots: ReadonlyMap<MemoryBuffer, number>;
}

/** When a buffer is used: numbers of its first and last dispatch. */
interface Lifetime {
  readonly buffer: MemoryBuffer;
  readonly first: number;
  last: number;
}

/**
 * Hands buffers out in the order of the dispatches: the smallest free one that fits, else the largest,
 * which grows; a new one where none is free or it would be far too large.
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

/** A free buffer for so many bytes; the largest free one grows if none is large enough. */
function takeSlot(bytes: number, sizes: number[], free: Set<number>): number {
  const candidates = [...free].sort((a, b) => sizes[a] - sizes[b]);
  const chosen = candidates.find((slot) => sizes[slot] >= bytes) ?? candidates.at(-1);
  // A small tensor in a large buffer would keep a large one from it.
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

/** Bytes of buffers that serve several programs in turn: the k-th largest of each in one. */
export function sharedSizes(plans: readonly TemporaryPlan[]): number[] {
  const ranked = plans.map(({ sizes }) => sizes.toSorted((a, b) => b - a));
  const count = Math.max(0, ...ranked.map(({ length }) => length));
  return Array.from(
    { length: count },
    (_, k) => Math.max(...ranked.map((sizes) => sizes[k] ?? 0)),
  );
}

/** For each buffer of a plan, which of the shared buffers it is. */
export function sharedSlots({ sizes }: TemporaryPlan): number[] {
  const order = sizes.map((_, slot) => slot).sort((a, b) => sizes[b] - sizes[a]);
  const slots = new Array<number>(sizes.length);
  order.forEach((slot, rank) => slots[slot] = rank);
  return slots;
}
