/** What {@link BatchLoader} and its workers tell each other. */
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

/** What is left of an error; errors themselves lose their class between threads. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

/** What can be posted of what was thrown. */
export function failureOf(error: unknown): Failure {
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack };
}

/** The error again. */
export function revived({ name, message, stack }: Failure): Error {
  if (name === "InputError") return new InputError(message);
  if (name === "RunError") return new RunError(message);
  return Object.assign(new Error(message), { name, stack });
}

/** A job is done or failed, or the worker cannot do any, or it ends. */
export type WorkerReply =
  | {
    readonly ticket: number;
    /** Images that were decoded and that the worker cannot keep. */
    readonly fresh?: readonly FreshPicture[];
    readonly failure?: Failure;
  }
  | { readonly unfit: true }
  | { readonly ends: true };
