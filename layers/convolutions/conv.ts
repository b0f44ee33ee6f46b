/** The plain kind of convolution. */
import { z } from "../../schema/entry.ts";
import { Conv2d } from "../conv2d.ts";
import type { ConvolutionEntry } from "./entry.ts";

const schema = z.strictObject({});

/** `conv`: every convolution is a {@link Conv2d}. */
export const conv: ConvolutionEntry<typeof schema> = {
  about: "Plain convolutions",
  schema,
  build: (options) => new Conv2d(options),
};
