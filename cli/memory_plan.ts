/** Estimates how much memory a training takes, before it begins. */

import { imageSize as sizeOfPicture } from "image-size";
import type { Backend, MemoryPlan } from "../backends/backend.ts";
import type { ConfigFile } from "../config/load.ts";
import { imageSize, type ImageSource } from "../datasets/image_source.ts";
import { countBatches } from "../datasets/loader.ts";
import { threadsAndSlots } from "../datasets/loader_threads.ts";
import { InputError } from "../errors.ts";
import { freeMemory, memoryOfMachine } from "../files/memory.ts";
import type { Program } from "../graph/types.ts";
import type { Module } from "../layers/module.ts";
import { formatBytes, formatNumberOf } from "../reporting/format.ts";
import { sum } from "../reporting/statistics.ts";
import { shardSizeOf } from "./prepare.ts";

const MEBIBYTE = 2 ** 20;

// Measured as peak memory of the process, in excess of what can be counted.
/** Deno, the program with its libraries, and garbage left by compilation. */
const PROCESS_BYTES = 330 * MEBIBYTE;
/** A thread that computes. */
const THREAD_BYTES = 8 * MEBIBYTE;
/** A thread that prepares batches, and one that decodes images. */
const WORKER_BYTES = { plain: 21 * MEBIBYTE, decoding: 36 * MEBIBYTE };
/** Copies of the network's state in addition to those in use, until they are garbage-collected. */
const GARBAGE_BYTES = 165 * MEBIBYTE;
/** Per pixel of an image being decoded, including those in the queue. */
const DECODED_BYTES = 26;
/** Per pixel of decoded images, until they are garbage-collected, and the maximum. */
const LEFT_BYTES = { pixel: 64, most: 12 * MEBIBYTE };

/** Images whose headers are read for their sizes, and bytes of each. */
const LOOKED_AT = 100;
const BEGINNING = 2 ** 16;
/** Pixels assumed if no file reveals its size. */
const USUAL_PIXELS = 2 ** 20;

/** What is known of a split's images. */
type PlannedSplit = Pick<
  ImageSource,
  "count" | "shape" | "reads" | "handle" | "beginningOf"
>;

/** Both splits. */
export interface PlannedImages {
  readonly train: PlannedSplit;
  readonly validation: PlannedSplit;
  /** Bytes of all images that will be held in memory, unless the splits hold them. */
  readonly bytes?: number;
}

/** Memory by purpose, in bytes. */
interface RunMemory {
  /** Memory of the programs, if it is the machine's and not a device's. */
  readonly network: number;
  /** Copies of parameters, statistics and optimizer state outside it, for checkpoints. */
  readonly copies: number;
  /** Batches in flight. */
  readonly batches: number;
  /** Threads that prepare batches. */
  readonly workers: number;
  /** Images held in memory, the list of images, targets. */
  readonly images: number;
  /** Cached decoded images. */
  readonly cache: number;
  /** Everything else. */
  readonly process: number;
  readonly total: number;
}

/** A plan, and what it is based on. */
export interface RunPlan {
  readonly memory: RunMemory;
  /** The total if no two threads decode the same image of the sample, and all are cached. */
  readonly atOnce: number;
  readonly programs: MemoryPlan;
  /** Threads that prepare batches. */
  readonly threads: number;
  readonly isDecoding: boolean;
  /** The largest image of the sample, if headers reveal sizes. */
  readonly picture?: { readonly height: number; readonly width: number };
}

/** Plans the memory of a config's training. */
export function planRun(
  file: ConfigFile,
  backend: Backend,
  programs: readonly Program[],
  model: Module,
  images: PlannedImages,
): RunPlan {
  const { data } = file.config;
  const splits = [
    planSplit(images.train, shardSizeOf(file), data.workers),
    planSplit(images.validation, data.evalBatchSize, data.workers),
  ];
  const threads = sum(splits.map(({ helpers }) => helpers));
  const pictures = images.train.reads ? picturesOf(images.train) : [];
  const picture = pictures.at(0);
  const pixels = pixelsOf(picture);
  const shared = sharedBytes([images.train.handle, images.validation.handle]);
  const kept = (images.train.count + images.validation.count) * images.train.shape.channels;
  const planned = backend.plan(programs);
  const parameters = [...model.namedParameters().values()];
  const state = planned.variableBytes;
  const memory = {
    network: backend.name === "webgpu" ? 0 : planned.totalBytes,
    copies: 4 * sum(parameters.map(({ data }) => data.length)) + state +
      Math.min(2 * state, GARBAGE_BYTES),
    batches: sum(splits.map(({ bytes }) => bytes)),
    workers: threads * (images.train.reads ? decodingBytes(pixels) : WORKER_BYTES.plain),
    images: images.bytes ?? shared.images,
    // The size of unknown images is assumed as large as possible.
    cache: Math.min(shared.cache, kept * pixels),
    process: PROCESS_BYTES + backend.threads * THREAD_BYTES,
  };
  const total = sum(Object.values(memory));
  const atOnce = pictures.length === 0 ? memory : {
    ...memory,
    workers: sum(Array.from(
      { length: threads },
      (_, i) => decodingBytes(pixelsOf(pictures[i] ?? pictures.at(-1))),
    )),
    cache: Math.min(shared.cache, kept * sum(pictures.map(pixelsOf)) / pictures.length),
  };
  return {
    memory: { ...memory, total },
    atOnce: sum(Object.values(atOnce)),
    programs: planned,
    threads,
    isDecoding: images.train.reads !== undefined,
    ...(picture ? { picture } : {}),
  };
}

/** A plan in one line. */
export function describePlan({ memory, threads, isDecoding, picture }: RunPlan): string {
  const work = picture
    ? `decoding images of ${picture.height}x${picture.width}`
    : isDecoding
    ? "decoding images, perhaps of a megapixel"
    : "preparing batches";
  const parts: [bytes: number, what: string][] = [
    [memory.network, "for the network"],
    [memory.copies, "for copies of its state"],
    [memory.batches, "for batches in flight"],
    [memory.workers, `for ${formatNumberOf(threads, "thread")} ${work}`],
    [memory.images, "for images and their index"],
    [memory.cache, "for decoded images"],
    [memory.process, "for the program"],
  ];
  const named = parts.filter(([bytes]) => bytes > memory.total / 100)
    .toSorted(([a], [b]) => b - a)
    .map(([bytes, what]) => `${formatBytes(bytes)} ${what}`);
  return `memory: up to about ${formatBytes(memory.total)}: ${named.join(", ")}`;
}

/**
 * Throws InputError for a training that takes more memory than this machine has, unless only because a
 * few images are that large. Programs that the backend cannot address are not its subject: compiling
 * them reports which batch fits.
 *
 * @param processes number of processes on this machine, each of which takes as much. Default: 1
 * @param machine its total and free bytes
 * @returns a warning if it takes more than is free
 */
export function checkPlan(
  { at }: ConfigFile,
  plan: RunPlan,
  processes = 1,
  { all, free } = { all: memoryOfMachine(), free: freeMemory() },
): string[] {
  const { total } = plan.memory;
  if (!plan.programs.fits) return [];
  const [each, taken] = processes === 1 ? ["", "the training takes"] : [
    `, for each of ${processes} processes`,
    `the training's ${processes} processes take`,
  ];
  const advice = `; reduce it with ${remediesFor(plan).join(", ")}`;
  if (processes * plan.atOnce > all) {
    at("data", () => {
      throw new InputError(
        `this machine has ${formatBytes(all)} of memory; ${describePlan(plan)}${each}${advice}`,
      );
    });
  }
  if (processes * total <= free) return [];
  return [
    `${formatBytes(free)} of memory are free now, and ${taken} about ` +
    `${formatBytes(processes * total)}${advice}`,
  ];
}

/** Config keys that determine much of it. */
function remediesFor({ memory }: RunPlan): string[] {
  const remedies: [bytes: number, what: string][] = [
    [
      memory.network + memory.batches,
      "more data.shards, a smaller data.batchSize or data.evalBatchSize",
    ],
    [memory.cache, "data.cache: disk or none"],
    [memory.workers, "fewer data.workers"],
  ];
  return remedies.toSorted(([a], [b]) => b - a)
    .filter(([bytes], i) => i === 0 || bytes > memory.total / 5)
    .map(([, what]) => what);
}

function planSplit(split: PlannedSplit, most: number, workers: number | "auto") {
  const batchSize = Math.min(most, split.count);
  const { helpers, slots } = threadsAndSlots(split, workers, countBatches(split, { batchSize }));
  return { helpers, bytes: slots * batchSize * imageSize(split.shape) };
}

type Size = NonNullable<RunPlan["picture"]>;

const pixelsOf = (size?: Size) => size ? size.height * size.width : USUAL_PIXELS;

/** Bytes that a thread takes to decode images of up to `pixels` pixels. */
function decodingBytes(pixels: number): number {
  return WORKER_BYTES.decoding + DECODED_BYTES * pixels +
    Math.min(LEFT_BYTES.pixel * pixels, LEFT_BYTES.most);
}

/** Sizes of sampled images, largest first, of those whose header reveals it. */
function picturesOf(split: PlannedSplit): Size[] {
  const most = Math.min(LOOKED_AT, split.count);
  return Array.from({ length: most }, (_, i) => sizeOf(split, Math.floor(i * split.count / most)))
    .filter((size) => size !== undefined)
    .toSorted((a, b) => pixelsOf(b) - pixelsOf(a));
}

function sizeOf(split: PlannedSplit, index: number): RunPlan["picture"] {
  try {
    const head = split.beginningOf?.(index, BEGINNING);
    return head && sizeOfPicture(head);
  } catch {
    // Files that cannot be read are reported when decoded.
    return undefined;
  }
}

/** Bytes of memory shared with threads through their handles, each counted once, without caches. */
function sharedBytes(handles: readonly unknown[]): { images: number; cache: number } {
  const found = { images: new Set<SharedArrayBuffer>(), cache: new Set<SharedArrayBuffer>() };
  const visit = (value: unknown, kind: keyof typeof found) => {
    if (ArrayBuffer.isView(value)) {
      if (value.buffer instanceof SharedArrayBuffer) found[kind].add(value.buffer);
    } else if (typeof value === "object" && value !== null) {
      for (const [key, part] of Object.entries(value)) {
        visit(part, key === "cache" ? "cache" : kind);
      }
    }
  };
  for (const handle of handles) visit(handle, "images");
  const bytesOf = (buffers: ReadonlySet<SharedArrayBuffer>) =>
    sum([...buffers].map(({ byteLength }) => byteLength));
  return { images: bytesOf(found.images), cache: bytesOf(found.cache) };
}
