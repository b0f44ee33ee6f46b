/** Transforms in the training step, for the fixtures of transforms: images f32 [C, H, W]. */
import { z } from "zod";
import { referenceBackend } from "../../../backends/reference/reference.ts";
import { preprocess } from "../../../ops/preprocess.ts";
import { erase } from "../../../ops/erase.ts";
import type { Fixture } from "../fixture.ts";
import { compute } from "../run.ts";

const numbers = z.array(z.number());

const normalizeSchema = z.object({ op: z.literal("normalize"), mean: numbers, std: numbers });

const eraseSchema = z.object({
  op: z.literal("erase"),
  top: z.int(),
  left: z.int(),
  height: z.int(),
  width: z.int(),
  value: z.union([numbers, z.literal("random")]),
});

/** The options of a step; its op says which apply. */
export const stepTransformSchema = z.discriminatedUnion("op", [normalizeSchema, eraseSchema]);

/** The fixture's image after a step. */
export async function stepTransformed(
  fixture: Fixture,
  step: z.output<typeof stepTransformSchema>,
): Promise<Float32Array> {
  const { shape, data } = fixture.input("image");
  const image = { shape: [1, ...shape], data };
  const backend = referenceBackend();
  if (step.op === "normalize") {
    const { y } = await compute(backend, { image }, ({ image }) => ({
      y: preprocess(image, undefined, step),
    }));
    return y;
  }
  const { top, left, height, width, value } = step;
  const values = value === "random"
    ? channelsLast(fixture.input("noise"))
    : Float32Array.from({ length: shape[0] }, (_, c) => value[c % value.length]);
  const boxes = { shape: [1, 5], data: Int32Array.of(top, left, height, width, 0) };
  const inputs = { image, boxes, values: { shape: [values.length], data: values } };
  const { y } = await compute(backend, inputs, ({ image, boxes, values }) => ({
    y: erase(image, boxes, values),
  }));
  return y;
}

function channelsLast({ shape: [channels], data }: ReturnType<Fixture["input"]>): Float32Array {
  const pixels = data.length / channels;
  return Float32Array.from(data, (_, i) => data[i % channels * pixels + Math.floor(i / channels)]);
}
