/** `transform`: torchvision's transforms of PIL images. */
import { z } from "zod";
import { crop, type Raster, toRaster } from "../../../files/raster.ts";
import { resample } from "../../../files/resample.ts";
import { RandomStream } from "../../../graph/random.ts";
import type { TransformEntry } from "../../../datasets/transform.ts";
import { blurred } from "../../../datasets/transforms/blur.ts";
import {
  autoContrasted,
  brightened,
  contrasted,
  equalized,
  hueTurned,
  inverted,
  posterized,
  saturated,
  sharpened,
  solarized,
} from "../../../datasets/transforms/colours.ts";
import { type OperationName, OPERATIONS } from "../../../datasets/transforms/policies.ts";
import { projectionOf } from "../../../datasets/transforms/perspective.ts";
import { TRANSFORMS } from "../../../datasets/transforms/registry.ts";
import { affineMatrix, rotated, warped } from "../../../datasets/transforms/warp.ts";
import type { FixtureTensor } from "../fixture.ts";
import { withoutBackend } from "./kind.ts";
import { stepTransformed, stepTransformSchema } from "./step_transform.ts";

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

const interpolationSchema = z.enum(["nearest", "bilinear", "bicubic"]);
const pairOf = <T extends z.ZodType>(value: T) => z.tuple([value, value]);

const turnSchema = z.object({
  angle: z.number(),
  expand: z.boolean().default(false),
  center: pairOf(z.number()).nullish(),
  interpolation: interpolationSchema,
  fill: z.array(z.int()).nullish(),
});

const affineSchema = turnSchema.omit({ expand: true }).extend({
  translate: pairOf(z.number()),
  scale: z.number(),
  shear: pairOf(z.number()),
});

const corners = z.tuple([pairOf(z.int()), pairOf(z.int()), pairOf(z.int()), pairOf(z.int())]);

const perspectiveSchema = turnSchema.pick({ interpolation: true, fill: true }).extend({
  startpoints: corners,
  endpoints: corners,
});

const augmentSchema = z.object({
  name: z.custom<OperationName>((name) => Object.hasOwn(OPERATIONS, name as string)),
  magnitude: z.number(),
  interpolation: interpolationSchema,
  fill: z.array(z.int()).nullish(),
});

const JITTER = {
  brightness: brightened,
  contrast: contrasted,
  saturation: saturated,
  hue: hueTurned,
};

const jitterSchema = z.object({
  order: z.array(z.enum(["brightness", "contrast", "saturation", "hue"])),
  brightness: z.number(),
  contrast: z.number(),
  saturation: z.number(),
  hue: z.number(),
});

function factorOf(step: Step): number {
  return z.number().parse(step.factor);
}

/** Applies a transform of the registry, with options parsed by its schema. */
function registered(name: keyof typeof TRANSFORMS, options: object, picture: Raster): Raster {
  const entry: TransformEntry = TRANSFORMS[name];
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const transform = entry.build(entry.schema.strict().parse(Object.fromEntries(given)));
  return transform.apply(picture, new RandomStream({ seed: 0, stream: 0 }));
}

/** The implementation of each op. */
const OPS: Readonly<Record<string, (step: Step, picture: Raster) => Raster>> = {
  resize: ({ size, max_size, interpolation }, picture) =>
    registered("resize", { size, maxSize: max_size ?? undefined, interpolation }, picture),
  center_crop: ({ size }, picture) => registered("center_crop", { size }, picture),
  pad: ({ padding, padding_mode, fill }, picture) =>
    registered("pad", { padding, paddingMode: padding_mode, fill: fill ?? undefined }, picture),
  hflip: (_, picture) => registered("horizontal_flip", { p: 1 }, picture),
  vflip: (_, picture) => registered("vertical_flip", { p: 1 }, picture),
  crop: (step, picture) => crop(picture, partSchema.parse(step)),
  resized_crop: (step, picture) => {
    const { size: [height, width], interpolation } = z.object({
      size: pairOf(z.int()),
      interpolation: interpolationSchema,
    }).parse(step);
    return resample(picture, partSchema.parse(step), { height, width }, interpolation);
  },
  adjust_brightness: (step, picture) => brightened(picture, factorOf(step)),
  adjust_contrast: (step, picture) => contrasted(picture, factorOf(step)),
  adjust_saturation: (step, picture) => saturated(picture, factorOf(step)),
  adjust_sharpness: (step, picture) => sharpened(picture, factorOf(step)),
  adjust_hue: (step, picture) => hueTurned(picture, factorOf(step)),
  color_jitter: (step, picture) => {
    const { order, ...factors } = jitterSchema.parse(step);
    return order.reduce((changed, name) => JITTER[name](changed, factors[name]), picture);
  },
  grayscale: ({ channels }, picture) =>
    channels === 3 ? registered("grayscale", {}, picture) : toRaster(picture, 1),
  invert: (_, picture) => inverted(picture),
  equalize: (_, picture) => equalized(picture),
  autocontrast: (_, picture) => autoContrasted(picture),
  posterize: ({ bits }, picture) => posterized(picture, z.int().parse(bits)),
  solarize: ({ threshold }, picture) => solarized(picture, z.number().parse(threshold)),
  gaussian_blur: (step, picture) => {
    const { kernel_size, sigma } = z.object({
      kernel_size: pairOf(z.int()),
      sigma: pairOf(z.number()),
    }).parse(step);
    return blurred(picture, kernel_size, sigma);
  },
  rotate: (step, picture) => {
    const { angle, interpolation, fill, center, expand } = turnSchema.parse(step);
    return rotated(picture, angle, interpolation, fill ?? 0, {
      centre: center ?? undefined,
      expand,
    });
  },
  affine: (step, picture) => {
    const { interpolation, fill, center, ...change } = affineSchema.parse(step);
    const middle = [picture.width / 2, picture.height / 2] as const;
    return warped(picture, affineMatrix(change, center ?? middle), interpolation, fill ?? 0);
  },
  perspective: (step, picture) => {
    const { startpoints, endpoints, interpolation, fill } = perspectiveSchema.parse(step);
    const projection = projectionOf(startpoints, endpoints);
    return warped(picture, projection!, interpolation, fill ?? 0);
  },
  augment: (step, picture) => {
    const { name, magnitude, interpolation, fill } = augmentSchema.parse(step);
    return OPERATIONS[name](picture, magnitude, { interpolation, fill: fill ?? 0 });
  },
};

export const transform = withoutBackend(async (fixture) => {
  const { steps, tolerance, ...step } = fixture.config(schema);
  const ofStep = stepTransformSchema.safeParse(step);
  if (ofStep.success) {
    const { data } = fixture.input("result");
    return requireClose(await stepTransformed(fixture, ofStep.data), data, tolerance);
  }
  // Not compared: the result depends on it.
  for (const name of ["matrix", "coefficients"]) if (fixture.has(name)) fixture.input(name);
  let picture = rasterOf(fixture.input("image"));
  for (const each of steps ?? [step]) {
    if (!Object.hasOwn(OPS, each.op)) throw new Error(`no transform does ${each.op}`);
    picture = OPS[each.op](each, picture);
  }
  const expected = fixture.input("result");
  const { height, width, channels, data } = picture;
  const shape = [height, width, channels];
  if (`${shape}` !== `${expected.shape}`) {
    throw new Error(`the result is ${shape.join("x")}, not ${expected.shape.join("x")}`);
  }
  requireClose(data, expected.data, tolerance);
});

function requireClose(
  found: Uint8Array | Float32Array,
  expected: ArrayLike<number>,
  { max, outliers }: z.output<typeof schema>["tolerance"],
): void {
  const far = found.filter((value, i) => !(Math.abs(value - expected[i]) <= max)).length;
  if (far <= outliers * expected.length) return;
  throw new Error(`${far} of ${expected.length} values differ by more than ${max}`);
}

/** An image in the form that transforms take. */
export function rasterOf({ shape: [height, width, channels], data }: FixtureTensor): Raster {
  return { height, width, channels, data: Uint8Array.from(data) };
}
