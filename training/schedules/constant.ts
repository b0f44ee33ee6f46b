import { z } from "../../schema/entry.ts";
import { withWarmup } from "./warmup.ts";

/** The optimizer's learning rate throughout. */
export const constant = withWarmup({
  about: "The optimizer's learning rate throughout",
  schema: z.object({}),
  build: (_options, { learningRate }) => () => ({ learningRate }),
});
