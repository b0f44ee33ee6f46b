/** A source that attempts what the thread that reads it may not do. */
import type { ImageSource, SourceHandle } from "../../../datasets/image_source.ts";
import { attempted, ATTEMPTS, type Places } from "./attempts.ts";

/** Its only image has a pixel for each attempt: what came of it, in this order. */
export const OUTCOMES = ["done", "refused"];

interface AttemptingHandle extends SourceHandle, Places {}

/** Attempts everything on these places. */
export function attempting(places: Places): ImageSource {
  return {
    count: 1,
    shape: { height: 1, width: Object.keys(ATTEMPTS).length, channels: 1 },
    targets: {},
    async read(_index, _epoch, into) {
      const outcomes = await attempted(places);
      into.set(outcomes.map((outcome) => OUTCOMES.indexOf(outcome)));
    },
    slice: () => attempting(places),
    reads: [import.meta.dirname!, places.inside],
    handle: { kind: import.meta.url, ...places } satisfies AttemptingHandle,
  };
}

/** What `sources/registry.ts` calls. */
export const openSource = (places: AttemptingHandle): ImageSource => attempting(places);
