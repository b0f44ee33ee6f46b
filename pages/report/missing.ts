/** What reports lack, each reason told once. */
import { formatNumberOf } from "../../reporting/format.ts";
import type { Missing, RunData } from "./data.ts";

/** Something that is missing of a run, or for the same reason of several. */
interface SharedMissing extends Missing {
  /** The name of the run, or how many there are. */
  readonly of: string;
}

/** What is missing of runs. A reason of several has RUN for their folders. */
export function sharedMissing(
  runs: readonly Pick<RunData, "name" | "folder" | "missing">[],
): SharedMissing[] {
  const all = runs.flatMap(({ name, folder, missing }) =>
    missing.map(({ what, why }) => ({ what, why, name, shared: placeless(why, folder) }))
  );
  return [...Map.groupBy(all, ({ what, shared }) => `${what}: ${shared}`).values()].map((same) => {
    const [{ what, why, name, shared }] = same;
    return same.length === 1
      ? { what, why, of: name }
      : { what, why: shared, of: formatNumberOf(same.length, "run") };
  });
}

/** A text with RUN in the place of a run's folder in the paths of its files. */
function placeless(text: string, folder: string): string {
  const above = `${folder}/`;
  return text.split(" ")
    .map((word) => word.startsWith(above) ? `RUN/${word.slice(above.length)}` : word)
    .join(" ");
}
