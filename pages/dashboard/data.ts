/** What a dashboard shows of its runs, and what its server answers: plain JSON. */
import type { Numbers, RunData, ShownMetric } from "../report/data.ts";

/** What the page is made with. */
export interface DashboardData {
  /** The folder that is searched for runs. */
  readonly root: string;
  /** What a person types to call `report`. */
  readonly reportCall: string;
}

/** A run in the list. */
export interface RunSummary {
  /** Its folder below the root: `tiny`, `tiny-compare/conv-seed-0`. */
  readonly name: string;
  /** Its folder as a command takes it. */
  readonly folder: string;
  /** Another number once the run is begun anew: what was read of its logs is then of another run. */
  readonly edition: number;
  /** Every value of its config by its key, such as `training.epochs`. */
  readonly config: RunData["config"];
  /** Metrics of its objective by name. */
  readonly metrics: Readonly<Record<string, ShownMetric>>;
  /** The metric by which its best epoch is chosen. */
  readonly monitor: string;
  readonly status: "under way" | "finished" | "stopped" | "stopped early";
  /** Epochs it is to have, and has. */
  readonly epochs: number;
  readonly epoch: number;
  /** Of the last line of its log, null before the first. */
  readonly step: number | null;
  readonly loss: number | null;
  /** The best validation so far. */
  readonly best?: { readonly epoch: number; readonly values: Numbers };
  /** When something was logged last, in ms since 1970. */
  readonly logged: number;
  /** Bytes of its logs. */
  readonly bytes: { readonly metrics: number; readonly timing: number };
  /** Why it cannot be read as it is, if so. */
  readonly problem?: string;
}

/** `GET /runs?since=VERSION`: what has changed since an answer before. */
export interface RunChanges {
  /** Of this answer, for the next question. 0 asks for all. */
  readonly version: number;
  /** Whether all runs there are have been read; if not, the next answer tells of more. */
  readonly isComplete: boolean;
  /** The names of all runs, the one first that has logged last. */
  readonly names: readonly string[];
  readonly changed: readonly RunSummary[];
}

/** `GET /log?run=NAME&edition=N&metrics=BYTE&timing=BYTE`: what a run has logged from there on. */
export interface LogPart {
  /** Of the run now. If it is another than the one asked for, this is its log from the beginning. */
  readonly edition: number;
  readonly metrics: GrownText;
  readonly timing: GrownText;
}

/** Whole lines of a file that grows. */
export interface GrownText {
  readonly text: string;
  /** The byte behind them. */
  readonly end: number;
  /** Whether there are more already. */
  readonly isMore: boolean;
}

/** `GET /checkpoint?run=NAME`: what is read of a run's last checkpoint, and of its files. */
export type CheckpointData = Pick<
  RunData,
  "environment" | "files" | "command" | "network" | "missing"
>;
