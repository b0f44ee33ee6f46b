/** Observers and stores of a training: its progress and results. */
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
  /** Whether this step is in the metrics log. */
  readonly logged: boolean;
  /** Norms as in the metrics log, by name; absent if none are measured. */
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
  /** Over the training images, measured while training on them. */
  readonly train: Metrics;
  /** Absent if this epoch was not validated. */
  readonly validation?: Metrics;
  /** Whether this validation is the best so far. */
  readonly isBest: boolean;
  /** Time of its training in this process, without the validation. */
  readonly seconds: number;
  /** Time without computation because no batch was ready. */
  readonly dataWait: number;
  /** The rate to which the schedule reduces because of this validation. */
  readonly reducedTo?: number;
  /** Reasons why images could not be read and were replaced by others, so far and on all ranks. */
  readonly complaints?: readonly string[];
}

/** Facts known just before a training's first step. */
export interface StartEvent {
  /** Optimizer steps in an epoch. */
  readonly stepsPerEpoch: number;
  /** Total epochs, including those already done. */
  readonly epochs: number;
  /** The position it starts from. */
  readonly state: RunState;
  /** Reasons why images could not be read and were replaced by others. */
  readonly complaints?: readonly string[];
}

/** Receives a training's progress. */
export interface TrainingObserver {
  /** Before the first step. */
  start?(event: StartEvent): void;
  /** When the results of a batch that does not end its step have arrived. */
  part?(event: PartEvent): void;
  /** When a step's results have arrived, up to a few steps late. */
  step?(event: StepEvent): void;
  /** Images validated so far, after every batch. */
  validating?(count: number): void;
  /** After an epoch and its validation. */
  epoch?(event: EpochEvent): void;
}

/** Stores a training's results; see `run_folder.ts`. */
export interface TrainingStore {
  /** Called before the first step, after all checks. */
  start?(): Promise<void>;
  /**
   * Appends an entry to the metrics log.
   *
   * @param weights the network's after an epoch, the averaged ones if there are any
   */
  log(entry: Readonly<Record<string, unknown>>, weights?: StateDict): Promise<void>;
  /** Appends an entry to the log of times; called before the position it leads to is saved. */
  logTiming?(entry: TimingEntry): Promise<void>;
  /** Saves a position, and as the best one if `best`. */
  save(kind: "last" | "best", tensors: TrainingTensors, state: RunState): Promise<void>;
  /** Called when the last epoch is done, or the training stopped early. */
  complete?(): Promise<void>;
  /** Names the checkpoint that a stopped run can resume from, for messages. */
  lastCheckpoint(): string | undefined;
}

/** Observers and stores of a training: its progress and results. */
export interface LoopHooks {
  /** Stores checkpoints and the metrics log. Default: none. */
  readonly store?: TrainingStore;
  /** Receives the training's progress. Default: none. */
  readonly observer?: TrainingObserver;
  /** Stops the training after the present step and saves it. */
  readonly signal?: AbortSignal;
}

/** How a training ended. */
export interface TrainingOutcome {
  /**
   * `completed`: the last epoch is done; `stopped early`: validations stopped improving. The others
   * can be resumed: `out of time` by `maxTime`, `interrupted` by the signal.
   */
  readonly status: "completed" | "stopped early" | "out of time" | "interrupted";
  /** The position it ended at. */
  readonly state: RunState;
}
