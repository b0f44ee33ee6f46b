/** How much memory a training takes, known before it begins. */

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

// Measured as peaks of the process, over those of what can be counted.
/** Deno, the program with its libraries, and what compiling leaves to the garbage collector. */
const PROCESS_BYTES = 330 * MEBIBYTE;
/** A thread that computes. */
const THREAD_BYTES = 8 * MEBIBYTE;
/** A thread that prepares batches, and one that decodes pictures. */
const WORKER_BYTES = { plain: 21 * MEBIBYTE, decoding: 36 * MEBIBYTE };
/** Copies of the network's state beyond those in use, until the garbage collector comes by. */
const GARBAGE_BYTES = 165 * MEBIBYTE;
/** For each pixel of a picture that it decodes, those that wait for their turn included. */
const DECODED_BYTES = 26;
/** For each pixel of those that it has decoded, until the garbage collector comes by, and at most. */
const LEFT_BYTES = { pixel: 64, most: 12 * MEBIBYTE };

/** Pictures whose beginnings are looked at for their sizes, and bytes of each. */
const LOOKED_AT = 100;
const BEGINNING = 2 ** 16;
/** Pixels where no file says how many it has. */
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
  /** Bytes of all images where they will be held in memory, unless the splits hold them. */
  readonly bytes?: number;
}

/** What takes memory, in bytes. */
interface RunMemory {
  /** The memory that the programs compute in, where that is the machine's and not a device's. */
  readonly network: number;
  /** Copies of parameters, statistics and optimizer state outside it, for checkpoints. */
  readonly copies: number;
  /** Batches in flight. */
  readonly batches: number;
  /** Threads that prepare them. */
  readonly workers: number;
  /** Images that are held in memory, the list of pictures, targets. */
  readonly images: number;
  /** Decoded pictures that are kept. */
  readonly cache: number;
  /** Everything else. */
  readonly process: number;
  /** All of it. */
  readonly total: number;
}

/** A plan, and what it counts with. */
export interface RunPlan {
  readonly memory: RunMemory;
  /** The total if of the pictures that were looked at no two threads decode the same, and all are kept. */
  readonly atOnce: number;
  /** Of the programs. */
  readonly programs: MemoryPlan;
  /** Threads that prepare batches. */
  readonly threads: number;
  /** Whether they decode pictures. */
  readonly isDecoding: boolean;
  /** The largest of some pictures that were looked at, where files say at their beginnings. */
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
    // The room for pictures of unknown sizes is as large as may be.
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

/** What a plan comes to, in a line for a person. */
export function describePlan({ memory, threads, isDecoding, picture }: RunPlan): string {
  const work = picture
    ? `decoding pictures of ${picture.height}x${picture.width}`
    : isDecoding
    ? "decoding pictures, of a megapixel perhaps"
    : "preparing batches";
  const parts: [bytes: number, what: string][] = [
    [memory.network, "for the network"],
    [memory.copies, "for copies of its state"],
    [memory.batches, "for batches in flight"],
    [memory.workers, `for ${formatNumberOf(threads, "thread")} ${work}`],
    [memory.images, "for images and their list"],
    [memory.cache, "for decoded pictures"],
    [memory.process, "for the program"],
  ];
  const named = parts.filter(([bytes]) => bytes > memory.total / 100)
    .toSorted(([a], [b]) => b - a)
    .map(([bytes, what]) => `${formatBytes(bytes)} ${what}`);
  return `memory: up to about ${formatBytes(memory.total)}: ${named.join(", ")}`;
}

/**
 * Throws InputError for a training that takes more memory than this machine has, unless only because
 * few pictures are that large. Of programs that the backend cannot address it says nothing: compiling
 * them tells which batch fits.
 *
 * @param processes how many train on this machine, each of which takes as much. Default 1
 * @param machine bytes that it has, and that nothing takes up now
 * @returns a warning where it takes more than is free
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
  const advice = `; take less with ${remediesFor(plan).join(", ")}`;
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

/** Keys of a config that decide much of it. */
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

/** Bytes that a thread takes to decode pictures of up to `pixels` pixels. */
function decodingBytes(pixels: number): number {
  return WORKER_BYTES.decoding + DECODED_BYTES * pixels +
    Math.min(LEFT_BYTES.pixel * pixels, LEFT_BYTES.most);
}

/** Sizes of some pictures, the largest first, of those whose files say it soon enough. */
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
    // What cannot be read is told when it is decoded.
    return undefined;
  }
}

/** Bytes of memory that threads share by what they are told, once each; those of caches apart. */
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
