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

// Nobody hears of a worker that a source ends.
const { close } = scope;
scope.close = () => {
  scope.postMessage({ ends: true });
  close.call(scope);
};

let slots: WorkerSetup["slots"] = [];
/** Undefined where the images cannot be opened here. */
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
    // With the augmentations comes what checks their options; without, nothing waits for that.
    const host = augmentation.length > 0
      ? (await import("./augmentations/registry.ts")).planAugmentation(augmentation).host
      : [];
    return new BatchFiller(await openSource(source), plan, host);
  } catch {
    // Said rather than thrown, because Deno prints what ends a worker.
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
