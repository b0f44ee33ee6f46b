/**
 * Moves parameters from their initial values, for tests that a fresh network would pass trivially.
 */
import type { Module } from "../../layers/module.ts";

/**
 * Moves every parameter and batch-norm statistic by deterministic pseudo-random amounts. Returns
 * the model.
 */
export function disturb<M extends Module>(model: M): M {
  let state = 1;
  for (const [name, { data, role }] of model.namedParameters()) {
    for (let i = 0; i < data.length; i++) {
      state = (state * 48271) % 2147483647;
      const value = state / 2147483647 - 0.5;
      if (name.endsWith("running_var")) data[i] = 1 + value;
      else if (role !== "buffer" || name.endsWith("running_mean")) data[i] += 0.3 * value;
    }
  }
  return model;
}
