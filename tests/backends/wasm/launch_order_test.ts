import { assert, assertEquals } from "@std/assert";
import type { Kernel, MemoryBuffer, Ref } from "../../../backends/wasm/kernel.ts";
import {
  type LaunchSequence,
  type LoweredLaunch,
  orderLaunches,
  splitConstant,
} from "../../../backends/wasm/launch_order.ts";

const IMAGES = 16;
const THREADS = { count: 2, partition: "static" } as const;

function whole(buffer: MemoryBuffer): Ref {
  return { buffer, offset: 0, bytes: buffer.bytes };
}

/** A launch that reads some buffers and writes others. */
function launch(
  reads: readonly MemoryBuffer[],
  writes: readonly MemoryBuffer[],
  { images, least }: { images?: number; least?: number } = {},
): LoweredLaunch {
  const kernel: Kernel = { key: "", parameters: [], build: () => {} };
  return {
    kernel,
    args: [...reads, ...writes].map(whole),
    grain: 1,
    items: images ?? 1,
    images: images === undefined ? undefined : { count: images, operands: [], least },
    accesses: [
      ...reads.map((buffer) => ({ ref: whole(buffer), writes: false, images })),
      ...writes.map((buffer) => ({ ref: whole(buffer), writes: true, images })),
    ],
    op: "",
    label: "",
    flops: 0,
    nanoseconds: 0,
  };
}

/** A buffer of 64 KiB per image, of which two make a chunk. */
function tensor(): MemoryBuffer {
  return { bytes: IMAGES << 16 };
}

function stages({ launches }: LaunchSequence): number[] {
  return launches.map(({ stage }) => stage);
}

Deno.test("launches on the same images form a chain; buffers that only it uses shrink to a chunk", () => {
  const [a, b, c, d] = Array.from({ length: 4 }, tensor);
  const images = IMAGES;
  const sequence = orderLaunches(
    [
      launch([a], [b], { images }),
      launch([b], [c], { images }),
      launch([c], [d], { images }),
      launch([d], []),
    ],
    THREADS,
    new Set([b, c, d]),
    new Set(),
  );
  assertEquals(stages(sequence), [0, 0, 0, 1]);
  assertEquals(sequence.launches[0].walk, { count: images, chunk: 2 });
  const [, chunk] = sequence.launches[0].args;
  assert(typeof chunk === "object" && "stride" in chunk && chunk.imageBytes === 1 << 16);
  assertEquals(sequence.launches[2].args[1], whole(d));
  const lives = new Map(sequence.temporaries.map(({ buffer, ...life }) => [buffer, life]));
  assertEquals(lives.get(d), { firstUse: 0, lastUse: 1 });
  assert(!lives.has(b) && !lives.has(c));
  assertEquals(lives.get(chunk.ref.buffer), { firstUse: 0, lastUse: 0 });
  // Two threads, two tensors alive at the same time, two images of each.
  assert(chunk.ref.buffer.bytes < 2 * 2 * 2 * (1 << 16) + 4096);
});

Deno.test("a chunk is as large as a kernel of the chain needs", () => {
  const [a, b, c] = Array.from({ length: 3 }, tensor);
  const { launches } = orderLaunches(
    [launch([a], [b], { images: IMAGES, least: 4 }), launch([b], [c], { images: IMAGES })],
    THREADS,
    new Set([b]),
    new Set(),
  );
  assertEquals(launches.map(({ walk }) => walk?.chunk), [4, 4]);
});

Deno.test("buffers that other launches, or the program's caller, read do not shrink", () => {
  const [a, b, c] = Array.from({ length: 3 }, tensor);
  const chain = [launch([a], [b], { images: IMAGES }), launch([b], [c], { images: IMAGES })];
  const temporary = new Set([b, c]);
  const read = orderLaunches([...chain, launch([b, c], [])], THREADS, temporary, new Set());
  const kept = orderLaunches(chain, THREADS, temporary, temporary);
  for (const { launches } of [read, kept]) {
    for (const { args } of launches) {
      for (const arg of args) assert(typeof arg === "object" && !("stride" in arg));
    }
  }
});

Deno.test("images partitioned differently make threads wait", () => {
  const [a, b, c] = Array.from({ length: 3 }, tensor);
  const mixed = [launch([a], [b], { images: IMAGES }), launch([b], [c], { images: 4 })];
  assertEquals(stages(orderLaunches(mixed, THREADS, new Set([b]), new Set())), [0, 1]);
});

Deno.test("launches that depend only on constants run once", () => {
  const [weights, packed, input, output, own] = Array.from({ length: 5 }, tensor);
  const pack = launch([weights], [packed]);
  const multiply = launch([packed, input], [output]);
  const overwrite = launch([weights], [own]);
  const add = launch([input], [own]);
  assertEquals(
    splitConstant(
      [pack, multiply, overwrite, add],
      (buffer) => buffer === weights,
      new Set([packed, output, own]),
    ),
    { once: [pack], always: [multiply, overwrite, add] },
  );
});
