/** A custom source that reads asynchronously and may fail in several ways. */
import {
  emptyTargets,
  type ImageSource,
  LABELS,
  requireRange,
  type SourceHandle,
} from "../../../datasets/image_source.ts";
import { InputError } from "../../../errors.ts";

/**
 * Images that fail: `refused` and `mistaken` reject, as for a bad file and for a bug, `fatal` ends
 * the thread with an error, `closing` closes it.
 */
export interface NumberedHandle extends SourceHandle {
  readonly count: number;
  readonly refused?: number;
  readonly mistaken?: number;
  readonly fatal?: number;
  readonly closing?: number;
}

/** Images 0, 1, … of four pixels with its number; image i takes i mod 3 turns of the event loop. */
export function numbered(options: Omit<NumberedHandle, "kind">): ImageSource {
  const { count, refused, mistaken, fatal, closing } = options;
  const labels = emptyTargets(LABELS, count);
  labels.set(Array.from(labels, (_, i) => i));
  return {
    count,
    shape: { height: 2, width: 2, channels: 1 },
    targets: { labels: { ...LABELS, data: labels } },
    async read(index, epoch, into) {
      for (let turn = 0; turn < index % 3; turn++) await new Promise((done) => setTimeout(done));
      if (index === refused) throw new InputError(`image ${index} is damaged`);
      if (index === mistaken) throw new TypeError(`image ${index} is no image`);
      if (index === closing) (self as unknown as { close(): void }).close();
      if (index === fatal) {
        setTimeout(() => {
          throw new Error(`image ${index} was too much`);
        });
        await new Promise(() => {});
      }
      into.fill(index + 100 * epoch);
    },
    slice(from, to) {
      requireRange(count, from, to);
      return numbered({ ...options, count: to - from });
    },
    handle: { kind: import.meta.url, ...options } as NumberedHandle,
  };
}

/** Called by `sources/registry.ts`. */
export const openSource: (handle: NumberedHandle) => ImageSource = numbered;
