/** Checks that images have the targets an objective learns from. */
import type { ImageSource, TargetField } from "../datasets/image_source.ts";
import { InputError, type OptionPath, within } from "../errors.ts";
import type { Objective } from "./objectives/objective.ts";
import { type ObjectiveChoice, objectiveOf, OBJECTIVES } from "./objectives/registry.ts";

/**
 * Throws InputError for images without the targets that an objective learns from, and, `at` the
 * images, for a target that is invalid for `classes` classes.
 *
 * @param at the path of the images
 */
export function checkTargets(
  objective: Objective,
  { targets }: Pick<ImageSource, "targets">,
  classes: number,
  at: OptionPath,
): void {
  requireTargets(objective, targets, classes);
  const data = Object.entries(targets).map(([name, { data }]) => [name, data]);
  within([...at, "targets"], () => objective.checkTargets?.(Object.fromEntries(data)));
}

/** Throws InputError if an objective cannot learn from images that are mixed with each other. */
export function requireMixable({ name, targets, mixedTargets }: Objective): void {
  if (mixedTargets) return;
  const learnsFrom = targets.map(({ name }) => name).join(", ");
  throw new InputError(
    `${name} learns from ${learnsFrom}, which cannot be mixed; remove mixing`,
    { at: [] },
  );
}

type TargetFields = Readonly<Record<string, TargetField>>;

/**
 * Throws InputError, `at` the objective, if it cannot learn from images with these targets; names
 * the objectives that can.
 */
export function requireTargets(
  objective: Objective,
  fields: TargetFields,
  classes: number,
): void {
  if (fits(objective, fields)) return;
  const spell = ({ dtype, shape }: TargetField) => `${dtype} [${["images", ...shape].join(", ")}]`;
  const found = Object.entries(fields).map(([name, field]) => `${name} ${spell(field)}`);
  const wanted = objective.targets.map((field) => `${field.name} ${spell(field)}`);
  const fitting = Object.keys(OBJECTIVES).filter((name) =>
    fits(objectiveOf(name as ObjectiveChoice, classes), fields)
  );
  throw new InputError(
    `${objective.name} learns from ${wanted.join(", ")}; the images have ` +
      `${found.join(", ") || "none"}. ` +
      (fitting.length > 0
        ? `Use the objective ${fitting.join(" or ")}, or other images`
        : "Use other images"),
    { at: ["objective"] },
  );
}

function fits({ targets }: Objective, fields: TargetFields): boolean {
  return targets.every(({ name, dtype, shape }) => {
    const field = fields[name];
    return field?.dtype === dtype && `${field.shape}` === `${shape}`;
  });
}
