/** `transform`: what torchvision makes of a picture of PIL's. */
import { z } from "zod";
import { crop, type Raster } from "../../../files/raster.ts";
import { resample } from "../../../files/resample.ts";
import { RandomStream } from "../../../graph/random.ts";
import type { Transform, TransformEntry } from "../../../datasets/transform.ts";
import { TRANSFORMS } from "../../../datasets/transforms/registry.ts";
import type { FixtureTensor } from "../fixture.ts";
import { withoutBackend } from "./kind.ts";

const stepSchema = z.looseObject({ op: z.string() });
type Step = z.output<typeof stepSchema>;

const schema = z.looseObject({
  op: z.string(),
  steps: z.array(stepSchema).optional(),
  tolerance: z.object({ max: z.number(), outliers: z.number() }),
});

const partSchema = z.object({
  top: z.int(),
  left: z.int(),
  height: z.int(),
  width: z.int(),
});

/** A transform of the registry, by its own schema. */
function registered(name: keyof typeof TRANSFORMS, options: object): Transform {
  const entry: TransformEntry = TRANSFORMS[name];
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return entry.build(entry.schema.strict().parse(Object.fromEntries(given)));
}

/** What does the work of each op. */
const OPS: Readonly<Record<string, (step: Step, picture: Raster) => Transform["apply"]>> = {
  resize: ({ size, max_size, interpolation }) =>
    registered("resize", { size, maxSize: max_size ?? undefined, interpolation }).apply,
  center_crop: ({ size }) => registered("center_crop", { size }).apply,
  pad: ({ padding, padding_mode, fill }) =>
    registered("pad", { padding, paddingMode: padding_mode, fill: fill ?? undefined }).apply,
  hflip: () => registered("horizontal_flip", { p: 1 }).apply,
  vflip: () => registered("vertical_flip", { p: 1 }).apply,
  crop: (step) => (picture) => crop(picture, partSchema.parse(step)),
  resized_crop: (step) => (picture) => {
    const { size: [height, width], interpolation } = z.object({
      size: z.tuple([z.int(), z.int()]),
      interpolation: z.enum(["nearest", "bilinear", "bicubic"]),
    }).parse(step);
    return resample(picture, partSchema.parse(step), { height, width }, interpolation);
  },
};

export const transform = withoutBackend((fixture) => {
  const { steps, tolerance, ...step } = fixture.config(schema);
  const random = new RandomStream({ seed: 0, stream: 0 });
  let picture = rasterOf(fixture.input("image"));
  for (const each of steps ?? [step]) {
    if (!Object.hasOwn(OPS, each.op)) throw new Error(`no transform does ${each.op}`);
    picture = OPS[each.op](each, picture)(picture, random);
  }
  const expected = fixture.input("result");
  const { height, width, channels, data } = picture;
  const shape = [height, width, channels];
  if (`${shape}` !== `${expected.shape}`) {
    throw new Error(`the result is ${shape.join("x")}, not ${expected.shape.join("x")}`);
  }
  const far = data.filter((value, i) => Math.abs(value - expected.data[i]) > tolerance.max).length;
  if (far > tolerance.outliers * data.length) {
    throw new Error(`${far} of ${data.length} values differ by more than ${tolerance.max}`);
  }
});

/** A picture as transforms take it. */
export function rasterOf({ shape: [height, width, channels], data }: FixtureTensor): Raster {
  return { height, width, channels, data: Uint8Array.from(data) };
}
