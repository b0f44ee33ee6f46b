/** Finds the classifier of a model. */
import { Linear } from "../layers/linear.ts";
import type { Module } from "../layers/module.ts";

/** The path of the last fully connected layer; undefined for a model that has none. */
export function classifierOf(model: Module): string | undefined {
  return [...model.namedModules()].findLast(([, layer]) => layer instanceof Linear)?.[0];
}
