import type { Raster } from "../../files/raster.ts";
import { z } from "../../schema/entry.ts";
import type { TransformEntry } from "../transform.ts";
import { brightened, contrasted, hueTurned, saturated } from "./colours.ts";
import { between } from "./draws.ts";
import { rangeSchema } from "./options.ts";

const factor = (what: string) =>
  z.union([z.number().min(0), rangeSchema(0, 100)]).default(0).describe(
    `How far ${what} may change: v for factors from 1 - v to 1 + v, or [least, largest]`,
  );

const schema = z.object({
  brightness: factor("brightness"),
  contrast: factor("contrast"),
  saturation: factor("saturation"),
  hue: z.union([z.number().min(0).max(0.5), rangeSchema(-0.5, 0.5)]).default(0).describe(
    "How far hues may shift, as a fraction of the colour circle: v for -v to v, or [least, largest]",
  ),
});

/** One of the four changes, with the range of its factor. */
type Change = readonly [
  change: (picture: Raster, factor: number) => Raster,
  range: readonly [number, number],
];

/** Like torchvision's `ColorJitter`. */
export const colorJitter: TransformEntry<typeof schema> = {
  about: "Change brightness, contrast, saturation and hue, in random order",
  schema,
  build({ brightness, contrast, saturation, hue }) {
    const all: readonly Change[] = [
      [brightened, rangeAround(1, brightness)],
      [contrasted, rangeAround(1, contrast)],
      [saturated, rangeAround(1, saturation)],
      [hueTurned, rangeAround(0, hue)],
    ];
    // A change with a fixed factor of 1 is left out.
    const changes = all.filter(([change, [least, most]]) =>
      least !== most || least !== (change === hueTurned ? 0 : 1)
    );
    return {
      isRandom: true,
      sizeAfter: (size) => size,
      apply: (picture, random) =>
        [...random.permutation(changes.length)].reduce((changed, i) => {
          const [change, range] = changes[i];
          return change(changed, between(range, random));
        }, picture),
    };
  },
};

function rangeAround(
  centre: number,
  option: number | readonly [number, number],
): readonly [number, number] {
  if (typeof option !== "number") return option;
  return [centre === 0 ? -option : Math.max(0, centre - option), centre + option];
}
