/** `do_conv_layer`: the DoConv2d layer, and the kernel it folds to. */
import { z } from "zod";
import { foldConstants } from "../../../graph/passes/mod.ts";
import { input, output, trace } from "../../../graph/trace.ts";
import { DoConv2d } from "../../../layers/do_conv2d.ts";
import { checkLayer } from "../layer_case.ts";
import { convolutionOptions, convolutionSchema, type Kind, LAYER_TOLERANCE } from "./kind.ts";

const schema = convolutionSchema.extend({ D_mul: z.int().nullish() });

export const doConvLayer: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const config = fixture.config(schema);
    const layer = new DoConv2d({
      ...convolutionOptions(config),
      depthMultiplier: config.D_mul ?? undefined,
      pairing: "authors",
    });
    await checkLayer(fixture, backend, layer);
    if (fixture.has("d_diag")) fixture.input("d_diag");
    const program = foldConstants(trace({ name: "fold" }, () => {
      output("y", layer.call(input("x", fixture.input("x").shape)));
    }));
    const convolution = program.nodes.find(({ op }) => op.name === "conv2d");
    fixture.compare("DoW", convolution?.inputs[1].node.attributes.data ?? []);
  },
};
