/**
 * The former place of DO-Conv's options: next to `convolution`, in a model and in a layer, as in
 * old configs and checkpoints.
 */
import type { OptionPath } from "../../errors.ts";
import { isRecord } from "../../schema/record.ts";
import { doConvSchema } from "../do_conv2d.ts";

/** The options in that place. */
export const FORMER_OPTIONS = ["depthMultiplier", "pairing"] as const satisfies readonly (
  keyof typeof doConvSchema.shape
)[];

/** An option that was copied from one place of the data to another. */
export interface Moved {
  readonly from: OptionPath;
  readonly to: OptionPath;
}

type Mapping = Record<string, unknown>;

interface Option {
  readonly name: string;
  readonly value: unknown;
  readonly from: OptionPath;
}

/**
 * Moves DO-Conv's options in the plain data of a model to what they were meant for: a model's to
 * its convolutions and the `do_conv2d` of its list, a layer's to its own convolution, which then
 * also has those of the model that it leaves open. Options at the present place win; options
 * without effect on plain convolutions are dropped. `model` is changed.
 *
 * @param usual the model's default kind of convolution
 */
export function moveFormerOptions(model: Mapping, usual: string): Moved[] {
  const moved: Moved[] = [];
  const give = (holder: Mapping, options: readonly Option[], at: OptionPath) => {
    for (const { name, value, from } of options) {
      if (Object.hasOwn(holder, name)) continue;
      holder[name] = value;
      moved.push({ from, to: [...at, name] });
    }
  };
  const chosen = (choice: unknown, options: readonly Option[], at: OptionPath) => {
    if (options.length === 0) return choice;
    const full: Mapping = isRecord(choice) ? { ...choice } : { name: "do_conv" };
    give(full, options, at);
    return full;
  };

  const former = takeOptions(model, []);
  if (isDoConv(model.convolution ?? usual)) {
    model.convolution = chosen(model.convolution, former, ["convolution"]);
  }
  const ofModel = isRecord(model.convolution)
    ? takeOptions({ ...model.convolution }, ["convolution"])
    : [];
  for (const [i, layer] of Array.isArray(model.layers) ? model.layers.entries() : []) {
    if (!isRecord(layer)) continue;
    const { do_conv2d: doConv, convolution: own } = layer;
    if (isRecord(doConv)) give(doConv, former, ["layers", i, "do_conv2d"]);
    if (!isRecord(own)) continue;
    const at = ["layers", i, "convolution"];
    const options = takeOptions(own, at);
    const { convolution: kind } = own;
    if (options.length === 0 || !isDoConv(kind ?? model.convolution ?? usual)) continue;
    const inherited = kind === undefined ? ofModel : [];
    own.convolution = chosen(kind, [...options, ...inherited], [...at, "convolution"]);
  }
  return moved;
}

/** Removes DO-Conv's options from a mapping at path `at`. */
function takeOptions(holder: Mapping, at: OptionPath): Option[] {
  return FORMER_OPTIONS.flatMap((name) => {
    const { [name]: value } = holder;
    delete holder[name];
    return value === undefined ? [] : [{ name, value, from: [...at, name] }];
  });
}

function isDoConv(choice: unknown): boolean {
  return (isRecord(choice) ? choice.name : choice) === "do_conv";
}
