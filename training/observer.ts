/** What a training tells and keeps on the way. */
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";
import type { StateDict } from "../layers/module.ts";
import type { Metrics, RunState } from "../checkpoints/run_state.ts";
import type { TimingEntry } from "./log_rows.ts";

/** One step, as an observer sees it. */
export interface StepEvent {
  /** From 1. */
  readonly epoch: number;
  /** From 1, over the whole training. */
  readonly step: number;
  /** Number of the step in its epoch, from 1. */
  readonly batch: number;
  /** The rate it was taken with. */
  readonly learningRate: number;
  /** Of this step's images. */
  readonly loss: number;
  /** Of the epoch so far. */
  readonly epochMean: Metrics;
  /** Whether this step is one of the metrics log's. */
  readonly logged: boolean;
  /** Norms as the metrics log has them, by name; absent where none are measured. */
  readonly norms?: Readonly<Record<string, unknown>>;
}

/** A batch of an optimizer step of several, as an observer sees it. */
export interface PartEvent {
  /** From 1. */
  readonly epoch: number;
  /** Number of the step in its epoch, from 1. */
  readonly batch: number;
  /** Images of the step so far. */
  readonly count: number;
}

/** One epoch, as an observer sees it. */
export interface EpochEvent {
  /** From 1. */
  readonly epoch: number;
  /** Optimizer steps taken since the start. */
  readonly step: number;
  /** The rate of the last step. */
  readonly learningRate: number;
  /** Over the training images, taken while they were trained on. */
  readonly train: Metrics;
  /** Absent where this epoch was not validated. */
  readonly validation?: Metrics;
  /** Whether this validation is the best so far. */
  readonly isBest: boolean;
  /** That its training took, as much of it as was trained in this process; without the validation. */
  readonly seconds: number;
  /** Of these, how many nothing was computed because no batch was there. */
  readonly dataWait: number;
  /** The rate that the schedule falls to because of this validation. */
  readonly reducedTo?: number;
  /** Why images could not be read that have others in their place, so far and on all ranks. */
  readonly complaints?: readonly string[];
}

/** What is known once a training is about to take its first step. */
export interface StartEvent {
  /** Optimizer steps in an epoch. */
  readonly stepsPerEpoch: number;
  /** Epochs in all, those already done included. */
  readonly epochs: number;
  /** The position it starts from. */
  readonly state: RunState;
  /** Why images could not be read that have others in their place. */
  readonly complaints?: readonly string[];
}

/** Is told of a training's progress. */
export interface TrainingObserver {
  /** Before the first step. */
  start?(event: StartEvent): void;
  /** When the results of a batch are in that does not end its step. */
  part?(event: PartEvent): void;
  /** When a step's results are in, up to a few steps late. */
  step?(event: StepEvent): void;
  /** Images validated so far, at every batch. */
  validating?(count: number): void;
  /** After an epoch and its validation. */
  epoch?(event: EpochEvent): void;
}

/** Keeps a training's results; see `run_folder.ts`. */
export interface TrainingStore {
  /** Called before the first step, when everything that could be refused has been checked. */
  start?(): Promise<void>;
  /**
   * Appends an entry to the metrics log.
   *
   * @param weights the network's after an epoch, the averaged ones where there are some
   */
  log(entry: Readonly<Record<string, unknown>>, weights?: StateDict): Promise<void>;
  /** Appends an entry to the log of times; called before the position it leads to is saved. */
  logTiming?(entry: TimingEntry): Promise<void>;
  /** Saves a position; `best` ones besides the last. */
  save(kind: "last" | "best", tensors: TrainingTensors, state: RunState): Promise<void>;
  /** Called when the last epoch is done, or validations have got no better. */
  complete?(): Promise<void>;
  /** Names the checkpoint a stopped run can go on from, for a person. */
  lastCheckpoint(): string | undefined;
}

/** What a training tells and keeps on the way. */
export interface LoopHooks {
  /** Keeps checkpoints and the metrics log. Default: none. */
  readonly store?: TrainingStore;
  /** Receives the training's progress. Default: none. */
  readonly observer?: TrainingObserver;
  /** Stops the training after the step under way, saved. */
  readonly signal?: AbortSignal;
}

/** How a training ended. */
export interface TrainingOutcome {
  /**
   * `completed`: the last epoch is done; `stopped early`: validations got no better. The others can
   * go on: `out of time` by `maxTime`, `interrupted` by the signal.
   */
  readonly status: "completed" | "stopped early" | "out of time" | "interrupted";
  /** The position it ended at. */
  readonly state: RunState;
}
