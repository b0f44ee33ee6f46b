/** What {@link BatchLoader} and its workers tell each other. */
import type { AugmentationChoice } from "./augmentations/registry.ts";
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

/** A job is done or failed, or the worker cannot do any, or it ends. */
export type WorkerReply =
  | {
    readonly ticket: number;
    /** What is left of an error; errors themselves lose their class on the way. */
    readonly failure?: {
      readonly name: string;
      readonly message: string;
      readonly stack?: string;
    };
  }
  | { readonly unfit: true }
  | { readonly ends: true };
