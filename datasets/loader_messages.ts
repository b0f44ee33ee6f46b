/** Messages between {@link BatchLoader} and its workers. */
import { InputError, RunError } from "../errors.ts";
import type { AugmentationChoice } from "./augmentations/registry.ts";
import type { FreshPicture } from "./keeps_pictures.ts";
import type { BatchArrays, BatchPlan } from "./batch.ts";
import type { SourceHandle } from "./image_source.ts";

/** The first message to a worker. */
export interface WorkerSetup {
  readonly source: SourceHandle;
  readonly plan: BatchPlan;
  readonly augmentation: readonly AugmentationChoice[];
  readonly slots: readonly BatchArrays[];
}

/** A batch to fill; the worker answers with a {@link WorkerReply}. */
export interface WorkerJob {
  readonly ticket: number;
  readonly slot: number;
  readonly epoch: number;
  readonly index: number;
}

/** A serialized error; errors lose their class between threads. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** Serializes a thrown value. */
export function failureOf(error: unknown): Failure {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack };
}

/** Restores an error. */
export function revived({ name, message, stack }: Failure): Error {
  if (name === "InputError") return new InputError(message);
  if (name === "RunError") return new RunError(message);
  return Object.assign(new Error(message), { name, stack });
}

/** A finished or failed job, a worker that cannot start, or one that stops. */
export type WorkerReply =
  | {
    readonly ticket: number;
    /** Decoded images that the worker cannot cache. */
    readonly fresh?: readonly FreshPicture[];
    readonly failure?: Failure;
  }
  | { readonly unfit: true }
  | { readonly ends: true };
