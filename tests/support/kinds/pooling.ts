/** `max_pool`, `avg_pool`, `global_avg_pool` and `adaptive_avg_pool`: the pooling layers. */
import { z } from "zod";
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  GlobalAvgPool2d,
  MaxPool2d,
} from "../../../layers/pooling.ts";
import { maxPool2d } from "../../../ops/max_pool2d.ts";
import { checkLayer } from "../layer_case.ts";
import { compute } from "../run.ts";
import { type Kind, LAYER_TOLERANCE, pairSchema } from "./kind.ts";

const windowSchema = z.object({
  kernel_size: pairSchema,
  stride: pairSchema.optional(),
  padding: pairSchema.default([0, 0]),
  ceil_mode: z.boolean().default(false),
});
const maxSchema = windowSchema.extend({ dilation: pairSchema.default([1, 1]) });
const avgSchema = windowSchema.extend({
  count_include_pad: z.boolean().default(true),
  divisor_override: z.number().nullish(),
});

function windowOptions({ kernel_size, stride, padding, ceil_mode }: z.infer<typeof windowSchema>) {
  return { kernelSize: kernel_size, stride, padding, ceilMode: ceil_mode };
}

export const maxPool: Kind = {
  tolerance: LAYER_TOLERANCE,
  async check(fixture, backend) {
    const config = fixture.config(maxSchema);
    const options = { ...windowOptions(config), dilation: config.dilation };
    await checkLayer(fixture, backend, new MaxPool2d(options));
    const { indices } = await compute(
      backend,
      { x: fixture.input("x") },
      ({ x }) => ({ indices: maxPool2d(x, options).indices }),
    );
    fixture.compare("indices", indices, 0);
  },
};

export const avgPool: Kind = {
  tolerance: LAYER_TOLERANCE,
  check(fixture, backend) {
    const config = fixture.config(avgSchema);
    const options = {
      ...windowOptions(config),
      countIncludePad: config.count_include_pad,
      divisorOverride: config.divisor_override ?? undefined,
    };
    return checkLayer(fixture, backend, new AvgPool2d(options));
  },
};

export const globalAvgPool: Kind = {
  tolerance: LAYER_TOLERANCE,
  check: (fixture, backend) => checkLayer(fixture, backend, new GlobalAvgPool2d()),
};

export const adaptiveAvgPool: Kind = {
  tolerance: LAYER_TOLERANCE,
  check(fixture, backend) {
    const { output_size } = fixture.config(z.object({ output_size: pairSchema }));
    return checkLayer(fixture, backend, new AdaptiveAvgPool2d(output_size));
  },
};
