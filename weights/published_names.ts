/** Weights under the names that the code of a paper gives to parts of a model. */
import type { Module, StateDict } from "../layers/module.ts";

/**
 * Tensors under the model's own names, where they have those that its modules know from others' programs
 * ({@link Module.publishedNames}); what has another name stays as it is.
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
