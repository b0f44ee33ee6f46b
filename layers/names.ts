/** Patterns that name a model's layers and parameters, as in `training.freeze`. */

/**
 * What fits a state-dict name or a module path: the name itself or its beginning up to a dot, where
 * `*` stands for anything. `layer1` fits `layer1` and `layer1.0.conv1.weight`, `*.bias` every bias.
 */
export function namePattern(names: string): RegExp {
  const parts = names.split("*").map((part) => part.replaceAll(/[^\w]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}(\\..*)?$`);
}
