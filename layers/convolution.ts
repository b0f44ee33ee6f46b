/** The layer `convolution`: the kind that the model, or the layer itself, chooses. */
import { convolutionSchema } from "./convolution_options.ts";
import { convolutionFactory, convolutionSpecSchema } from "./convolutions.ts";
import { channelsOf, type LayerEntry } from "./layer_entry.ts";

const schema = convolutionSchema.extend({
  convolution: convolutionSpecSchema.optional().describe(
    "Which kind; what model.convolution says by default",
  ),
});

/** A convolution in a list of layers whose kind is chosen by name. */
export const convolutionLayer: LayerEntry<typeof schema> = {
  about: "A convolution of the kind that model.convolution chooses",
  schema,
  build({ convolution, ...options }, inputShape, defaults) {
    const make = convolution === undefined
      ? defaults.convolution ?? convolutionFactory("conv")
      : convolutionFactory(convolution, ["convolution"]);
    return make({ ...options, inChannels: channelsOf(inputShape) });
  },
};
