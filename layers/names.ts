/** State-dict names, and patterns of them that choose layers and parameters, as `training.freeze`. */

/** The name of a member of the module at `path`, which is `""` for the model itself. */
export function joinPath(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/** The path of the module that owns what has this name; `""` for the model itself. */
export function parentPath(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}

/**
 * What fits a state-dict name or a module path: the name itself or its beginning up to a dot, where
 * `*` stands for anything. `layer1` fits `layer1` and `layer1.0.conv1.weight`, `*.bias` every bias.
 */
export function namePattern(names: string): RegExp {
  // Stars side by side would be tried against each other without end.
  const parts = names.split(/\*+/).map((part) => part.replaceAll(/[^\w]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}(\\..*)?$`);
}
