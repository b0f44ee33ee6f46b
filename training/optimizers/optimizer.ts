/**
 * What an optimizer is: its slots, the numbers it needs for every step, and how its update is
 * traced. The arithmetic is PyTorch's and is in the update ops.
 */
import type { Value } from "../../graph/types.ts";
import { type Entry, z } from "../../schema/entry.ts";
import type { Rates } from "../schedules/schedule.ts";

/** Operands of an update: tensors of one shape, and scalars. */
interface UpdateOperands {
  readonly parameter: Value;
  readonly gradient: Value;
  /** By the names of {@link Optimizer.slots}. */
  readonly slots: Readonly<Record<string, Value>>;
  /** By the names of {@link Optimizer.scalars}. */
  readonly scalars: Readonly<Record<string, Value>>;
  readonly weightDecay: number;
}

/** New values of a parameter and its slots. */
interface UpdateResult {
  readonly parameter: Value;
  readonly slots: Readonly<Record<string, Value | undefined>>;
}

/** How parameters are updated. */
export interface Optimizer {
  /** The options that every optimizer has, defaults filled in. */
  readonly options: CommonOptions;
  /**
   * PyTorch's names of the tensors stored for each parameter; all are zeros before the first step.
   */
  readonly slots: readonly string[];
  /** Names of the numbers that vary by step: scalar inputs of the program. */
  readonly scalars: readonly string[];
  /**
   * The numbers of one step, by the names of {@link Optimizer.scalars}.
   *
   * @param step steps taken before this one
   */
  scalarsAt(step: number, rates: Rates): Readonly<Record<string, number>>;
  /** Traces one step of a parameter. */
  update(operands: UpdateOperands): UpdateResult;
}

/** An optimizer that a config can name. */
export interface OptimizerEntry<S extends z.ZodObject = z.ZodObject> extends Entry<S> {
  build(options: z.output<S>): Optimizer;
}

/** What every optimizer accepts. */
export interface CommonOptions {
  /** The base rate of schedules. */
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Whether batch-norm scales and shifts and all biases decay too. */
  readonly decayNormAndBias: boolean;
}

/** `learningRate`, which every optimizer has. */
export const learningRate = z.number().positive().describe("Learning rate; schedules scale it");

/** `weightDecay`, which every optimizer has. */
export const weightDecay = z.number().nonnegative().default(0).describe(
  "Weight decay; for a DO-Conv's D it acts on the difference from the identity",
);

/** `decayNormAndBias`, which every optimizer has. */
export const decayNormAndBias = z.boolean().default(true).describe(
  "Whether batch-norm scales and shifts and all biases decay too",
);
