/** Starts a training on several ranks: all must train the same, from the same weights. */
import { createHash } from "node:crypto";
import { deserialize, serialize } from "node:v8";
import { checksumOf } from "../datasets/checksum.ts";
import type { Backend } from "../backends/backend.ts";
import type { TrainingTensors } from "../checkpoints/checkpoint.ts";
import type { RunState } from "../checkpoints/run_state.ts";
import type { ImageSource } from "../datasets/image_source.ts";
import { ALONE, type Ranks } from "../ranks/ranks.ts";
import { requireSame } from "./agreement.ts";
import type { ResolvedRecipe } from "./recipe.ts";
import type { ParsedRunOptions } from "./run_options.ts";
import type { TrainingChanges } from "./image_input.ts";

/** Options that may differ from rank to rank: they change no number. */
const FREE: readonly (keyof ParsedRunOptions)[] = [
  "workers",
  "maxTime",
  "logEvery",
  "logNorms",
  "saveEverySteps",
  "saveEveryMinutes",
  "keepBest",
];

/** What a training starts with on a rank. */
interface JointStart extends TrainingChanges {
  readonly ranks?: Ranks;
  readonly backend: Backend;
  readonly train: ImageSource;
  readonly validation?: ImageSource;
  /** The position to continue from; the first rank's is used. */
  readonly resume?: { readonly state: RunState; readonly tensors: TrainingTensors };
}

/**
 * Gives all ranks the first one's weights and position. Throws InputError, on all ranks, if their
 * images, options, tensors or kernels differ.
 *
 * @returns the options' `resume`, of the first rank
 */
export async function startTogether(
  recipe: ResolvedRecipe,
  options: JointStart,
  run: ParsedRunOptions,
): Promise<JointStart["resume"]> {
  const { ranks = ALONE, resume } = options;
  if (ranks.size === 1) return resume;
  await requireSame(ranks, () => factsOf(recipe, options, run));
  const { model } = recipe;
  const own = ranks.rank === 0 ? serialize({ weights: model.stateDict(), resume }) : undefined;
  const first = deserialize(await ranks.broadcast(own ?? new Uint8Array()));
  model.loadStateDict(first.weights);
  return first.resume;
}

/** Facts that must be the same on all ranks, by name. */
async function factsOf(
  { layout, optimizer, objective }: ResolvedRecipe,
  { train, validation, backend, augmentation, mixing }: JointStart,
  run: ParsedRunOptions,
): Promise<Record<string, string>> {
  const decisive = Object.entries(run).filter(([name]) =>
    !FREE.includes(name as keyof ParsedRunOptions)
  );
  const tensors = layout.ranges.map(({ name, parameter: { shape } }) => [name, shape]);
  const digest = createHash("sha256").update(JSON.stringify(tensors)).digest("hex");
  return {
    ...Object.fromEntries(decisive.map(([name, value]) => [name, JSON.stringify(value)])),
    "images to train on": await checksumOf(train),
    ...(validation ? { "images to validate on": await checksumOf(validation) } : {}),
    changes: JSON.stringify({ augmentation, mixing }),
    model: `${tensors.length} tensors, ${digest.slice(0, 16)}`,
    optimizer: JSON.stringify(optimizer.options),
    objective: objective.name,
    backend: `${backend.name} ${JSON.stringify(backend.numerics)}`,
  };
}
