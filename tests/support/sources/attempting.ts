/** A source that attempts forbidden things in the thread that reads it. */
import type { ImageSource, SourceHandle } from "../../../datasets/image_source.ts";
import { attempted, ATTEMPTS, type Places } from "./attempts.ts";

/** Its only image has a pixel for each attempt: the index of its outcome. */
export const OUTCOMES = ["done", "refused"];

interface AttemptingHandle extends SourceHandle, Places {}

/** Attempts everything with these places. */
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

/** Called by `sources/registry.ts`. */
export const openSource = (places: AttemptingHandle): ImageSource => attempting(places);
