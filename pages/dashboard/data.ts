/** The data of a dashboard and its server's answers: plain JSON. */
import type { RunData } from "../report/data.ts";

/** The initial data. */
export interface DashboardData {
  /** The folder of the runs. */
  readonly root: string;
  /** The command line of `report`, as the user types it. */
  readonly reportCall: string;
}

/** A run in the list. */
export interface RunSummary extends Pick<RunData, "config" | "metrics" | "monitor" | "best"> {
  /** Its folder, relative to the root: `tiny`, `tiny-compare/conv-seed-0`. */
  readonly name: string;
  /** Its folder as an argument of a command. */
  readonly folder: string;
  /** Changes when the run is started over: logs read before then belong to another run. */
  readonly edition: number;
  readonly status: "running" | "finished" | "stopped" | "stopped early";
  /** Planned and finished epochs. */
  readonly epochs: number;
  readonly epoch: number;
  /** From the last line of its log, null before the first. */
  readonly step: number | null;
  readonly loss: number | null;
  /** Time of the last log entry, in ms since 1970. */
  readonly logged: number;
  /** Bytes in its logs. */
  readonly bytes: { readonly metrics: number; readonly timing: number };
  /** Why it cannot be read, if so. */
  readonly problem?: string;
}

/** `GET /runs?since=VERSION`: changes since an earlier answer. */
export interface RunChanges {
  /** Version of this answer, for the next request. 0 requests everything. */
  readonly version: number;
  /** Whether all runs have been read; if not, the next answer contains more. */
  readonly isComplete: boolean;
  /** The names of all runs, the most recently logged first. */
  readonly names: readonly string[];
  readonly changed: readonly RunSummary[];
}

/** `GET /log?run=NAME&edition=N&metrics=BYTE&timing=BYTE`: a run's log from these positions. */
export interface LogPart {
  /** Of the run now. If it is not the requested one, this is its log from the beginning. */
  readonly edition: number;
  readonly metrics: GrownText;
  readonly timing: GrownText;
}

/** Complete lines of a growing file. */
export interface GrownText {
  readonly text: string;
  /** The position after them. */
  readonly end: number;
  /** Whether more is available already. */
  readonly isMore: boolean;
}

/** `GET /checkpoint?run=NAME`: data of a run's last checkpoint, and its files. */
export type CheckpointData = Pick<
  RunData,
  "environment" | "files" | "command" | "network" | "missing"
>;
