/**
 * Test-time augmentation: several views of an image, whose probabilities are averaged. An image's views are
 * stacked vertically, so that a batch of N images is one of N · views.
 */
import { InputError } from "../errors.ts";
import { crop, emptyRaster, type Raster } from "../files/raster.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import { pictureView } from "./picture_view.ts";
import type { PictureSize } from "./transform.ts";
import { cropCentre } from "./transforms/center_crop.ts";
import { mirrored } from "./transforms/flips.ts";
import { planTransforms, type TransformChoice } from "./transforms/registry.ts";

/** The kinds of views: as is and mirrored; corners and centre; both. */
export type TestTime = "flip" | "five_crop" | "ten_crop";

/** The kinds, in torchvision's order of views: crops first, then all of them mirrored. */
const WAYS: Readonly<
  Record<TestTime, { readonly crops: boolean; readonly mirrors: boolean }>
> = {
  flip: { crops: false, mirrors: true },
  five_crop: { crops: true, mirrors: false },
  ten_crop: { crops: true, mirrors: true },
};

/** Their names. */
export const TEST_TIMES = Object.keys(WAYS) as readonly TestTime[];

/** Number of views of a kind. */
export function viewCount(testTime: TestTime): number {
  const { crops, mirrors } = WAYS[testTime];
  return (crops ? 5 : 1) * (mirrors ? 2 : 1);
}

/** A network's input, and how an image becomes it. */
interface Seen {
  readonly input: PictureSize;
  /** Default: the largest centred crop of the input's proportions, scaled. */
  readonly transforms?: readonly TransformChoice[];
}

/**
 * How the views of an image are made, stacked vertically. Crops are taken from the image that `center_crop`
 * crops or, if `fit` is used, from one that is larger by 8 / 7, as 256 is to 224. Throws InputError for
 * transforms without either.
 */
export function testTimeView(seen: Seen, testTime: TestTime): (picture: Raster) => Raster {
  const { crops, mirrors } = WAYS[testTime];
  const view = pictureView(seen);
  const parts = crops ? fiveCrops(seen, testTime) : (picture: Raster) => [view(picture)];
  return (picture) => {
    const plain = parts(picture);
    return stacked(mirrors ? [...plain, ...plain.map(mirrored)] : plain);
  };
}

/** The corners and the centre: top left, top right, bottom left, bottom right, like torchvision's `FiveCrop`. */
function fiveCrops(
  { input, transforms = [{ name: "fit", size: [input.height, input.width] }] }: Seen,
  testTime: TestTime,
): (picture: Raster) => Raster[] {
  const nameOf = (choice: TransformChoice) => typeof choice === "string" ? choice : choice.name;
  const at = transforms.findLastIndex((choice) => ["center_crop", "fit"].includes(nameOf(choice)));
  if (at < 0) {
    throw new InputError(
      `${testTime} replaces center_crop or fit; the images' transforms have neither`,
    );
  }
  const run = (choices: readonly TransformChoice[]) => {
    const plan = planTransforms(choices, { from: input, isRandom: false });
    const random = new RandomStream({ seed: 0, stream: STREAM.transforms });
    return {
      size: plan.size,
      apply: (picture: Raster) =>
        plan.transforms.reduce((seen, { apply }) => apply(seen, random), picture),
    };
  };
  const { size } = run(transforms.slice(0, at + 1));
  const { height, width } = size;
  const isFit = nameOf(transforms[at]) === "fit";
  const larger: TransformChoice = { name: "fit", size: [enlarged(height), enlarged(width)] };
  const before = run([...transforms.slice(0, at), ...(isFit ? [larger] : [])]);
  const after = run(transforms.slice(at + 1));
  return (picture) => {
    const whole = before.apply(picture);
    const [bottom, right] = [whole.height - height, whole.width - width].map((rest) =>
      Math.max(0, rest)
    );
    const corners = [[0, 0], [0, right], [bottom, 0], [bottom, right]]
      .map(([top, left]) => crop(whole, { top, left, height, width }));
    return [...corners, cropCentre(whole, size)].map(after.apply);
  };
}

function enlarged(extent: number): number {
  return Math.round(extent * 8 / 7);
}

function stacked(views: readonly Raster[]): Raster {
  const [{ height, width, channels, data: { length } }] = views;
  const all = emptyRaster(views.length * height, width, channels);
  views.forEach(({ data }, i) => all.data.set(data, i * length));
  return all;
}
