/** The thread that fills batches for {@link BatchLoader}. */
import { BatchFiller } from "./batch.ts";
import type { WorkerJob, WorkerSetup } from "./loader.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<WorkerSetup | WorkerJob>) => void;
  postMessage(message: number): void;
};

let slots: WorkerSetup["slots"] = [];
let filler: BatchFiller | undefined;

scope.onmessage = ({ data }) => {
  if ("slots" in data) {
    slots = data.slots;
    filler = new BatchFiller(data.split, data.plan);
  } else {
    filler?.fill(slots[data.slot], data.epoch, data.index);
    scope.postMessage(data.ticket);
  }
};
