/** The interface of kinds of fixtures, and parts of configs that several share. */
import { z } from "zod";
import type { Backend } from "../../../backends/backend.ts";
import type { Fixture } from "../fixture.ts";

/** A kind of fixture. */
export interface Kind {
  /** Maximum deviation, relative to the tensor's largest magnitude. */
  readonly tolerance: number;
  /** Computes the case on a backend and compares every result through {@link Fixture.compare}. */
  check(fixture: Fixture, backend: Backend): Promise<void>;
  /** Whether it is independent of backends and therefore checked only once. */
  readonly isOfNoBackend?: true;
}

/** A kind that is independent of backends and does its own comparisons. */
export function withoutBackend(check: (fixture: Fixture) => void | Promise<void>): Kind {
  return { tolerance: 0, isOfNoBackend: true, check: async (fixture) => await check(fixture) };
}

/** The tolerance of single layers, ops and optimizers in f32. */
export const LAYER_TOLERANCE = 1e-5;

/** One number for both axes, or one for each. */
export const pairSchema = z.union([
  z.int().transform((value): [number, number] => [value, value]),
  z.tuple([z.int(), z.int()]),
]);

/** The config of a convolution. */
export const convolutionSchema = z.object({
  in_channels: z.int(),
  out_channels: z.int(),
  kernel_size: pairSchema,
  stride: pairSchema.default([1, 1]),
  padding: pairSchema.default([0, 0]),
  dilation: pairSchema.default([1, 1]),
  groups: z.int().default(1),
  padding_mode: z.enum(["zeros", "reflect", "replicate", "circular"]).default("zeros"),
  bias: z.boolean().default(true),
});

/** The options of a convolution layer. */
export function convolutionOptions(config: z.infer<typeof convolutionSchema>) {
  const { stride, padding, dilation, groups, bias } = config;
  return {
    inChannels: config.in_channels,
    outChannels: config.out_channels,
    kernelSize: config.kernel_size,
    paddingMode: config.padding_mode,
    stride,
    padding,
    dilation,
    groups,
    bias,
  };
}
