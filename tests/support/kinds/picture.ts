/** `picture`: an image file beside the fixture, with PIL's pixels. */
import { join } from "@std/path";
import { z } from "zod";
import { InputError } from "../../../errors.ts";
import { readRaster } from "../../../files/images.ts";
import { withoutBackend } from "./kind.ts";

const bounds = z.object({ max: z.number(), mean: z.number() });

const schema = z.looseObject({
  file: z.string(),
  error: z.boolean(),
  may_read: z.boolean().default(false),
  may_refuse: z.boolean().default(false),
  tolerance: bounds.nullish(),
  tolerance_box_chroma: bounds.nullish(),
  accept: z.array(z.string()).default(["pixels"]),
});

export const picture = withoutBackend(async (fixture) => {
  const { file, error, may_read, may_refuse, tolerance, accept } = fixture.config(schema);
  fixture.names.forEach((name) => fixture.input(name));
  const path = join(fixture.folder, file);
  const read = await Promise.all([3, 1].map((channels) => readRaster(path, channels)))
    .catch((error) => {
      if (!(error instanceof InputError)) throw error;
      return error;
    });
  if (read instanceof InputError) {
    if (error || may_refuse) return;
    throw new Error(`refused: ${read.message}`);
  }
  if (error && !may_read) throw new Error("read, though PIL refuses it");
  const [{ raster: colour }, { raster: grey }] = read;
  if (!tolerance || !fixture.has("pixels")) return;
  const compared = [[accept, colour.data], [["gray"], grey.data]] as const;
  for (const [names, data] of accept.length > 1 ? compared.slice(0, 1) : compared) {
    const differences = names.map((name) => differenceOf(data, fixture.input(name).data));
    if (differences.some(({ max, mean }) => max <= tolerance.max && mean <= tolerance.mean)) {
      continue;
    }
    throw new Error(
      `${names.join(" or ")}: ${JSON.stringify(differences)}; allowed ${JSON.stringify(tolerance)}`,
    );
  }
});

function differenceOf(actual: ArrayLike<number>, expected: ArrayLike<number>) {
  if (actual.length !== expected.length) return { max: Infinity, mean: Infinity };
  let [max, sum] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i] - expected[i]);
    max = Math.max(max, difference);
    sum += difference;
  }
  return { max, mean: sum / expected.length };
}
