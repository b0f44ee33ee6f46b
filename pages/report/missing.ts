/** What is missing in reports, each reason given once. */
import { formatNumberOf } from "../../reporting/format.ts";
import type { Missing, RunData } from "./data.ts";

/** Something missing for a run, or for the same reason for several. */
interface SharedMissing extends Missing {
  /** The name of the run, or the number of runs. */
  readonly of: string;
}

/** What runs lack. A reason shared by several has RUN for their folders. */
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

/** A text with RUN instead of a run's folder in the paths of its files. */
function placeless(text: string, folder: string): string {
  const above = `${folder}/`;
  return text.split(" ")
    .map((word) => word.startsWith(above) ? `RUN/${word.slice(above.length)}` : word)
    .join(" ");
}
