/**
 * Where DO-Conv's options stood before they were the convolution's own: beside `convolution`, in a
 * model and in a layer. Old configs and checkpoints hold them so.
 */

type Mapping = Record<string, unknown>;

/** DO-Conv's options that stood beside `convolution`. */
export const FORMER_OPTIONS = ["depthMultiplier", "pairing"] as const;

/** One of {@link FORMER_OPTIONS}. */
export type FormerOption = typeof FORMER_OPTIONS[number];

/** What was the default, and stood in every config that was stored. */
const FORMER_DEFAULT = "paper";

/**
 * Gives an option of a model in plain data to what it was meant for: the model's convolutions, if they
 * are DO-Conv, and the layers of a list that are. The model is changed.
 *
 * @param usual the kind of convolution that the model has if it does not say
 */
export function moveModelOption(
  model: Mapping,
  option: FormerOption,
  value: unknown,
  usual = "do_conv",
): void {
  if (value === undefined || value === FORMER_DEFAULT) return;
  if (isDoConv(model, usual)) model.convolution = withOption(model.convolution, option, value);
  for (const layer of Array.isArray(model.layers) ? model.layers.filter(isMapping) : []) {
    const { do_conv2d: doConv, convolution } = layer;
    if (isMapping(doConv)) doConv[option] ??= value;
    if (isMapping(convolution) && isMapping(convolution.convolution)) {
      convolution.convolution[option] ??= value;
    }
  }
}

/** As {@link moveModelOption} for an option of the layer `convolution` in a list. */
export function moveLayerOption(
  layer: Mapping,
  model: Mapping,
  option: FormerOption,
  value: unknown,
  usual = "do_conv",
): void {
  if (value === undefined || !isDoConv(model, usual)) return;
  layer.convolution = withOption(layer.convolution, option, value);
}

/** The options of a model with all that stood elsewhere where it belongs; they are not changed. */
export function moveFormerOptions(options: Readonly<Mapping>, usual: string): Mapping {
  const model: Mapping = { ...options };
  if (options.layers !== undefined) model.layers = structuredClone(options.layers);
  for (const option of FORMER_OPTIONS) {
    for (const layer of Array.isArray(model.layers) ? model.layers.filter(isMapping) : []) {
      if (!isMapping(layer.convolution) || !(option in layer.convolution)) continue;
      const { [option]: value, ...others } = layer.convolution;
      layer.convolution = others;
      moveLayerOption(others, model, option, value, usual);
    }
    const { [option]: value } = model;
    delete model[option];
    moveModelOption(model, option, value, usual);
  }
  return model;
}

function isDoConv({ convolution }: Mapping, usual: string): boolean {
  return (isMapping(convolution) ? convolution.name : convolution ?? usual) === "do_conv";
}

function withOption(convolution: unknown, option: FormerOption, value: unknown): Mapping {
  return isMapping(convolution)
    ? { [option]: value, ...convolution }
    : { name: "do_conv", [option]: value };
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
