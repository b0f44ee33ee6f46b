/** Keeps a training's results in memory. */
import type { TrainingTensors } from "../../checkpoints/checkpoint.ts";
import type { RunState } from "../../checkpoints/run_state.ts";
import type { TrainingStore } from "../../training/observer.ts";

/** A saved position. */
export interface SavedPosition {
  readonly kind: "last" | "best";
  readonly state: RunState;
  readonly tensors: TrainingTensors;
  /** The metrics log up to it. */
  readonly log: readonly string[];
}

/** Keeps every position that is saved. */
export class MemoryStore implements TrainingStore {
  readonly saves: SavedPosition[] = [];
  readonly lines: string[];

  /** @param lines the metrics log to continue */
  constructor(lines: readonly string[] = []) {
    this.lines = [...lines];
  }

  log(entry: Readonly<Record<string, unknown>>): Promise<void> {
    this.lines.push(JSON.stringify(entry));
    return Promise.resolve();
  }

  save(kind: "last" | "best", tensors: TrainingTensors, state: RunState): Promise<void> {
    this.saves.push({ kind, tensors, state, log: [...this.lines] });
    return Promise.resolve();
  }

  lastCheckpoint(): string | undefined {
    return this.last ? "last.safetensors" : undefined;
  }

  /** The last saved position. */
  get last(): SavedPosition | undefined {
    return this.saves.findLast(({ kind }) => kind === "last");
  }
}
