/** A model written as a list of layers. */
import { InputError, within } from "../errors.ts";
import { formatShape } from "../graph/types.ts";
import { buildLayers, type LayerSpec, layersSchema } from "../layers/registry.ts";
import type { Sequential } from "../layers/sequential.ts";
import { pair } from "../ops/conv2d.ts";
import { z } from "../schema/entry.ts";
import type { ModelEntry, ModelOptions } from "./options.ts";

interface LayersOptions extends ModelOptions {
  /** In the order they run. */
  readonly layers: readonly LayerSpec[];
}

/**
 * Consecutive layers named `0`, `1`, …, each initialized like PyTorch's. Throws InputError, naming
 * the layer, if they do not fit each other or the last one does not return one number per class.
 */
function layersModel(options: LayersOptions): Sequential {
  const { layers: specs, classes, inputChannels = 3, inputSize = 32 } = options;
  const { layers, outputShape } = within(
    ["layers"],
    () => buildLayers(specs, [inputChannels, ...pair(inputSize)], options),
  );
  if (outputShape.length !== 1 || outputShape[0] !== classes) {
    throw new InputError(
      `the layers give ${formatShape(outputShape)} for one image; expected [${classes}], one ` +
        'number per class: end with "flatten" and a "linear" layer of ' +
        `${classes} outFeatures`,
      { at: ["layers"] },
    );
  }
  return layers;
}

const schema = z.strictObject({
  layers: layersSchema.describe("The layers in the order they run"),
});

export const listedLayers: ModelEntry<typeof schema> = {
  about: "A list of layers",
  schema,
  build: layersModel,
};
