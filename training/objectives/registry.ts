import { type Choice, chosen } from "../../schema/entry.ts";
import { isRecord } from "../../schema/record.ts";
import { classification } from "./classification.ts";
import { multiLabel } from "./multi_label.ts";
import type { NetworkClasses, Objective, ObjectiveEntry } from "./objective.ts";

/** The objectives by name. A new one is its file and a line here. */
export const OBJECTIVES = {
  classification,
  multi_label: multiLabel,
} satisfies Record<string, ObjectiveEntry>;

/** An objective by name, optionally with options. */
export type ObjectiveChoice = Choice<typeof OBJECTIVES>;

/** Number of classes to assume for an unknown network: enough for all metrics of an objective. */
export const UNKNOWN_CLASSES = 1000;

/**
 * The objective of a recipe for a network of `classes` classes. Throws InputError, `at` the option,
 * for an unknown name or an invalid option.
 *
 * @param choice default: classification
 * @param known other facts about the classes
 */
export function objectiveOf(
  choice: ObjectiveChoice | Objective = "classification",
  classes: number,
  known: Omit<NetworkClasses, "classes"> = {},
): Objective {
  if (isBuilt(choice)) return choice;
  const { entry, options } = chosen<ObjectiveEntry>(OBJECTIVES, choice, "objective");
  return entry.build(options, { classes, ...known });
}

/** Whether an objective is given as an object, not by name. */
export function isBuilt(choice: ObjectiveChoice | Objective | undefined): choice is Objective {
  return isRecord(choice) && "loss" in choice && typeof choice.loss === "function";
}
