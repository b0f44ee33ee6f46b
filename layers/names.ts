/**
 * State-dict names, and patterns of them that select layers and parameters, such as
 * `training.freeze`.
 */

export { joinPath, parentPath } from "../graph/paths.ts";

/**
 * A pattern for state-dict names and module paths: the name itself or a prefix up to a dot, where
 * `*` matches anything. `layer1` fits `layer1` and `layer1.0.conv1.weight`, `*.bias` every bias.
 * `weight`, the kernel that DO-Conv composes, matches both `W` and `D`.
 */
export function namePattern(names: string): RegExp {
  // Adjacent stars would cause catastrophic backtracking.
  const parts = names.split(/\*+/).map((part) => part.replaceAll(/[^\w]/g, "\\$&"));
  const pattern = parts.join(".*").replace(/(?<=^|\\\.)weight$/, "(weight|W|D)");
  return new RegExp(`^${pattern}(\\..*)?$`);
}

/** `a`, `a.b` and `a.b.c` of `a.b.c`. */
export function beginningsOf(name: string): string[] {
  const parts = name.split(".");
  return parts.map((_, i) => parts.slice(0, i + 1).join("."));
}
