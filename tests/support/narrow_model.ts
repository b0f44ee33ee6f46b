/** Models small enough for tests. */
import { MODELS } from "../../models/registry.ts";

/** The options that make the model with this name narrow; none if it has no such option. */
export function narrowOptions(name: string): Record<string, number> {
  const { shape } = MODELS[name].schema;
  // With less, a group would have no channel.
  const width = Object.hasOwn(shape, "widthPerGroup") ? 16 : 4;
  const narrow = { width, widthMult: 0.25, hidden: 8, growthRate: 4 };
  return Object.fromEntries(
    Object.entries(narrow).filter(([option]) => Object.hasOwn(shape, option)),
  );
}
