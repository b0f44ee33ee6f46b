/** State-dict names, and patterns of them that choose layers and parameters, as `training.freeze`. */

export { joinPath, parentPath } from "../graph/paths.ts";

/**
 * What fits a state-dict name or a module path: the name itself or its beginning up to a dot, where
 * `*` stands for anything. `layer1` fits `layer1` and `layer1.0.conv1.weight`, `*.bias` every bias.
 * The kernel `weight` that DO-Conv composes of `W` and `D` stands for both.
 */
export function namePattern(names: string): RegExp {
  // Stars side by side would be tried against each other without end.
  const parts = names.split(/\*+/).map((part) => part.replaceAll(/[^\w]/g, "\\$&"));
  const pattern = parts.join(".*").replace(/(?<=^|\\\.)weight$/, "(weight|W|D)");
  return new RegExp(`^${pattern}(\\..*)?$`);
}

/** `a`, `a.b` and `a.b.c` of `a.b.c`. */
export function beginningsOf(name: string): string[] {
  const parts = name.split(".");
  return parts.map((_, i) => parts.slice(0, i + 1).join("."));
}
