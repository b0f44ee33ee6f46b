/** A thread that fills batches for {@link BatchLoader}. */
import { BatchFiller } from "./batch.ts";
import {
  failureOf,
  type WorkerJob,
  type WorkerReply,
  type WorkerSetup,
} from "./loader_messages.ts";
import { openSource } from "./sources/registry.ts";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<WorkerSetup | WorkerJob>) => void;
  postMessage(message: WorkerReply): void;
  close(): void;
};

// Reports that a source closed this worker, which is otherwise silent.
const { close } = scope;
scope.close = () => {
  scope.postMessage({ ends: true });
  close.call(scope);
};

let slots: WorkerSetup["slots"] = [];
/** Undefined if the images cannot be opened here. */
let filler: Promise<BatchFiller | undefined>;

scope.onmessage = ({ data }) => {
  if ("slots" in data) {
    slots = data.slots;
    filler = open(data);
  } else {
    fill(data);
  }
};

async function open(
  { source, plan, augmentation }: WorkerSetup,
): Promise<BatchFiller | undefined> {
  try {
    // Imported only if there are augmentations, because it brings the validation of their options.
    const host = augmentation.length > 0
      ? (await import("./augmentations/registry.ts")).planAugmentation(augmentation).host
      : [];
    return new BatchFiller(await openSource(source), plan, host);
  } catch {
    // Posted rather than thrown, because Deno prints errors that end a worker.
    scope.postMessage({ unfit: true });
  }
}

async function fill({ ticket, slot, epoch, index }: WorkerJob): Promise<void> {
  const opened = await filler;
  if (!opened) return;
  try {
    await opened.fill(slots[slot], epoch, index);
    scope.postMessage({ ticket, fresh: opened.source.takeFresh?.() });
  } catch (error) {
    scope.postMessage({ ticket, failure: failureOf(error) });
  }
}
