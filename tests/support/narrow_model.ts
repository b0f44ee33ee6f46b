/** Models in a size that tests build in no time. */
import { MODELS } from "../../models/registry.ts";

/** Options of their own by which models are narrow, the first that a model has. */
const NARROW = { width: 16, widthMult: 0.25 };

/** The options that make the model of this name narrow; none if it has no such option. */
export function narrowOptions(name: string): Record<string, number> {
  const { shape } = MODELS[name].schema;
  return Object.fromEntries(
    Object.entries(NARROW).filter(([option]) => Object.hasOwn(shape, option)).slice(0, 1),
  );
}
