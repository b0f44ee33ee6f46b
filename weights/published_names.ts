/** Weights under the module names of a paper's published code. */
import type { Module, StateDict } from "../layers/module.ts";

/**
 * Renames tensors from the names that published code gives to a module
 * ({@link Module.publishedNames}) to the model's own; other names stay unchanged.
 */
export function withOwnNames(model: Module, tensors: StateDict): StateDict {
  const own = new Map(
    [...model.namedModules().values()].flatMap((module) => Object.entries(module.publishedNames)),
  );
  const rename = (name: string) =>
    [...own].reduce(
      (name, [theirs, ours]) => name.replace(`.${theirs}.`, `.${ours}.`),
      `.${name}`,
    ).slice(1);
  return new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]));
}
