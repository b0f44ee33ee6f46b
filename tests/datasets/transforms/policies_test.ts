import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import policies from "../../fixtures/transforms/policies.json" with { type: "json" };
import { pairsOf, POLICY_NAMES } from "../../../datasets/transforms/auto_augment_pairs.ts";
import { OPERATIONS, SPACE, type Strength } from "../../../datasets/transforms/policies.ts";
import { planTransforms, type TransformChoice } from "../../../datasets/transforms/registry.ts";
import { WIDE_SPACE } from "../../../datasets/transforms/trivial_augment_wide.ts";
import { emptyRaster } from "../../../files/raster.ts";
import { RandomStream } from "../../../graph/random.ts";

/** torchvision's name for an operation. */
const nameOf = (op: string) => op.replaceAll(/(?:^|_)(.)/g, (_, letter) => letter.toUpperCase());

type Operation = { op: string; signed: boolean; magnitudes?: number[] | null };

const spaces: [string, ReadonlyMap<string, Strength>, Operation[]][] = [
  ["rand_augment", SPACE, policies.rand_augment.ops],
  ["auto_augment", SPACE, policies.auto_augment.ops],
  ["trivial_augment_wide", WIDE_SPACE, policies.trivial_augment_wide.ops],
];
for (const [name, space, operations] of spaces) {
  Deno.test(`the magnitudes of ${name} match torchvision's`, () => {
    const size = { height: 1, width: 1 };
    for (const { op, signed, magnitudes } of operations) {
      const strength = space.get(nameOf(op));
      // Invert is only in AutoAugment and has no magnitude.
      if (op === "invert") continue;
      assertEquals(strength?.isSigned, signed, op);
      magnitudes?.forEach((magnitude, bin) =>
        assertAlmostEquals(strength!.at(bin / (magnitudes.length - 1), size), magnitude, 1e-4)
      );
    }
    if (name !== "auto_augment") assertEquals(space.size, operations.length);
  });
}

Deno.test("AutoAugment's policies are the published ones", () => {
  for (const name of POLICY_NAMES) {
    assertEquals(
      pairsOf(name),
      policies.auto_augment.policies[name].map((pair) =>
        pair.map(({ op, probability, bin }) => [nameOf(op), probability, bin ?? 0] as const)
      ),
    );
    for (const [operation] of pairsOf(name).flat()) assert(operation in OPERATIONS, operation);
  }
});

const DRAWING: TransformChoice[] = [
  "auto_augment",
  "rand_augment",
  "trivial_augment_wide",
  "random_grayscale",
  { name: "color_jitter", brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 },
  { name: "rotation", degrees: 30, interpolation: "bilinear", fill: [1, 2, 3] },
  { name: "affine", degrees: 10, translate: [0.1, 0.2], scale: [0.8, 1.2], shear: 5 },
  { name: "random_perspective", p: 0.8, fill: 7 },
  { name: "gaussian_blur", kernelSize: 5 },
];
for (const choice of DRAWING) {
  const { name } = typeof choice === "string" ? { name: choice } : choice;
  for (const channels of [1, 3]) {
    Deno.test(`${name} keeps size and ${channels} channels, and is reproducible`, () => {
      const picture = emptyRaster(9, 14, channels);
      picture.data.forEach((_, i) => picture.data[i] = i * 37 % 256);
      const { transforms: [{ apply }] } = planTransforms([choice], {
        from: picture,
        isRandom: true,
      });
      const seen = new Set<string>();
      for (let sample = 0; sample < 40; sample++) {
        const draw = () => apply(picture, new RandomStream({ seed: 1, stream: 5, sample }));
        const { height, width, channels: kept, data } = draw();
        assertEquals([height, width, kept], [9, 14, channels]);
        assertEquals(draw().data, data);
        seen.add(data.join());
      }
      // Grey stays grey.
      assert(seen.size > 1 || channels === 1, `${seen.size}`);
    });
  }
}
