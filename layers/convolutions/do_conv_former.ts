/**
 * Where DO-Conv's options stood before they were the convolution's own: beside `convolution`, in a
 * model and in a layer. Old configs and checkpoints hold them so.
 */
import { type FormerKey, type Mapping, moveFormerKeys } from "../../schema/former_keys.ts";
import { isRecord } from "../../schema/record.ts";

/** What was the default, and stood in every config that was stored. */
const FORMER_DEFAULT = "paper";

/**
 * The former keys of a config's `model`.
 *
 * @param usual the kind of convolution that a model has if it does not say
 */
export function doConvFormerKeys(usual: string): FormerKey[] {
  return ["depthMultiplier", "pairing"].flatMap((option): FormerKey[] => {
    const hint = (value: unknown) =>
      `now an option of the convolution: write convolution: { name: do_conv, ${option}: ${value} }`;
    return [
      {
        path: `model.layers.*.convolution.${option}`,
        move({ value, holder: layer, config }) {
          if (value === undefined || !isDoConv(config.model as Mapping, usual)) return;
          layer.convolution = withOption(layer.convolution, option, value);
        },
        hint,
      },
      {
        path: `model.${option}`,
        move: ({ value, holder }) => moveModelOption(holder, option, value, usual),
        hint,
      },
    ];
  });
}

/** The options of a model with all that stood elsewhere where it belongs; they are not changed. */
export function moveFormerOptions(options: Readonly<Mapping>, usual: string): Mapping {
  const model: Mapping = { ...options };
  if (options.layers !== undefined) model.layers = structuredClone(options.layers);
  moveFormerKeys({ model }, doConvFormerKeys(usual));
  return model;
}

/** Gives an option to what it was meant for: the model's convolutions, if they are DO-Conv, and layers. */
function moveModelOption(model: Mapping, option: string, value: unknown, usual: string): void {
  if (value === undefined || value === FORMER_DEFAULT) return;
  if (isDoConv(model, usual)) model.convolution = withOption(model.convolution, option, value);
  for (const layer of Array.isArray(model.layers) ? model.layers.filter(isRecord) : []) {
    const { do_conv2d: doConv, convolution } = layer;
    if (isRecord(doConv)) doConv[option] ??= value;
    if (isRecord(convolution) && isRecord(convolution.convolution)) {
      convolution.convolution[option] ??= value;
    }
  }
}

function isDoConv({ convolution }: Mapping, usual: string): boolean {
  return (isRecord(convolution) ? convolution.name : convolution ?? usual) === "do_conv";
}

function withOption(convolution: unknown, option: string, value: unknown): Mapping {
  return isRecord(convolution)
    ? { [option]: value, ...convolution }
    : { name: "do_conv", [option]: value };
}
