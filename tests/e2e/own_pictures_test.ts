import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { readRaster } from "../../files/images.ts";
import { readFoldedNetwork, writeFoldedNetwork } from "../../networks/network_file.ts";
import { plainPng, withFiles } from "../support/pictures.ts";
import { CACHE, overfold, parseEvents } from "./cli.ts";

const CONFIG = `\
backend: cpu
threads: 1
data:
  dataset: {name: image_folder, root: pictures}
  train:
    - {name: random_resized_crop, size: 8, scale: [0.5, 1]}
    - horizontal_flip
  batchSize: 4
model:
  layers:
    - conv2d: {outChannels: 4, kernelSize: 3, padding: 1}
    - relu
    - global_avg_pool2d
    - flatten
    - linear: {outFeatures: 2}
training:
  epochs: 3
  optimizer: {name: sgd, learningRate: 0.2}
`;

/** Red and blue images of several sizes. */
const PICTURES = Object.fromEntries(
  Array.from({ length: 30 }, (_, i) => [
    i % 2 ? `pictures/red/${i}.png` : `pictures/blue/${i}.png`,
    plainPng(i % 2 ? [200 + i, 20, 20] : [20, 20, 200 + i], 8 + i % 5, 9 + i % 4),
  ]),
);

const FILES = { ...PICTURES, "own.yaml": CONFIG };

Deno.test("train, eval, --resume and predict work on a folder of images", () =>
  withFiles(FILES, async (folder) => {
    const trained = await overfold(folder, "train", "own.yaml");
    assertEquals(trained.code, 0, trained.error);
    assertStringIncludes(trained.out, "24 images for training, 6 for validation");
    assertStringIncludes(trained.out, "memory: up to about ");
    const network = join("runs", "own", "folded", "model.safetensors");
    const evaluated = await overfold(folder, "eval", network, "--json");
    assertEquals(evaluated.code, 0, evaluated.error);
    assertEquals(parseEvents(evaluated.out)[0].count, 6);
    await Deno.rename(join(folder, "pictures/red/1.png"), join(folder, "pictures/blue/1.png"));
    const resumed = await overfold(folder, "train", "own.yaml", "--resume");
    assertEquals(resumed.code, 2);
    assertStringIncludes(resumed.error, "the images are not those that this run started with");
    await Deno.rename(join(folder, "pictures/blue/1.png"), join(folder, "pictures/red/1.png"));
    const again = await overfold(folder, "train", "own.yaml", "--resume");
    assertEquals(again.code, 0, again.error);
    const predicted = await overfold(folder, "predict", network, "pictures/red", "--json");
    assertEquals(predicted.code, 0, predicted.error);
    assertEquals(parseEvents(predicted.out).length, 15);
  }));

Deno.test("eval and fold use the image folder that a network stores only if it was trained here", () =>
  withFiles(FILES, async (folder) => {
    const trained = await overfold(folder, "train", "own.yaml", "--set", "training.epochs=1");
    assertEquals(trained.code, 0, trained.error);
    const [checkpoint, folded] = [
      join("runs", "own", "checkpoints", "last.safetensors"),
      join("runs", "own", "folded", "model.safetensors"),
    ];
    const fold = async () => (await overfold(folder, "fold", checkpoint, "--output", "x")).out;
    assertStringIncludes(await fold(), "on 6 validation images");
    // As if it came from another machine.
    await Deno.remove(join(folder, CACHE, "places"), { recursive: true });
    for (const network of [checkpoint, folded]) {
      const evaluated = await overfold(folder, "eval", network);
      assertEquals(evaluated.code, 2);
      assertStringIncludes(evaluated.error, "data.dataset.root: pictures is where the config of");
    }
    assertStringIncludes(await fold(), "images of noise");
    const named = ["eval", folded, "--set", "data.dataset.root=pictures"];
    const evaluated = await overfold(folder, ...named);
    assertEquals(evaluated.code, 0, evaluated.error);
  }));

Deno.test("inspect draws the first batch as the network sees it and lists a preset's augmentations", () =>
  withFiles(FILES, async (folder) => {
    const inspect = (...settings: string[]) =>
      overfold(
        folder,
        ...["inspect", "own.yaml", "--batch", "batch.png", "--set", "data.train=null"],
        ...["data.eval=[{name: fit, size: 8}]", ...settings].flatMap((set) => ["--set", set]),
      );
    const plain = await inspect();
    assertEquals(plain.code, 0, plain.error);
    assertStringIncludes(plain.out, "first batch: batch.png; 4 images");
    const { raster } = await readRaster(join(folder, "batch.png"), 3);
    // An image of 8 pixels is drawn 12 times as large.
    assertEquals(raster.width, 8 + 2 * (8 * 12 + 8));
    const [red, green, blue] = raster.data.subarray(3 * (8 * raster.width + 8));
    assertEquals(green, 20);
    assertEquals(Math.min(red, blue), 20);
    assertEquals(Math.max(red, blue) >= 200, true);
    const strong = await inspect("data.augmentation=strong");
    assertEquals(strong.code, 0, strong.error);
    assertStringIncludes(strong.out, "data.augmentation: strong is");
    assertStringIncludes(strong.out, "- trivial_augment_wide");
    const network = await overfold(folder, "inspect", "batch.png", "--batch", "batch.png");
    assertEquals(network.code, 2);
  }));

Deno.test("mistakes are reported with file and line, broken images by name", () =>
  withFiles({ ...FILES, "pictures/red/bad.jpg": "no picture" }, async (folder) => {
    const train = (...settings: string[]) =>
      overfold(folder, "train", "own.yaml", ...settings.flatMap((set) => ["--set", set]));
    const broken = await train();
    assertEquals(broken.code, 2);
    assertStringIncludes(broken.error, "1 of 31 images cannot be read");
    assertStringIncludes(broken.error, "pictures/red/bad.jpg: this is a text file");
    const skipped = await train("data.onError=skip", "training.epochs=1", "name=skipped");
    assertEquals(skipped.code, 0, skipped.error);
    assertStringIncludes(skipped.error, "warning: pictures/red/bad.jpg: this is a text file");
    const size = await train("data.eval=[{name: resize, size: 8}]");
    assertEquals(size.code, 2);
    assertStringIncludes(size.error, "--set data.eval: these transforms give images of several");
    const config = CONFIG.replace("root: pictures", "root: nowhere");
    await Deno.writeTextFile(join(folder, "own.yaml"), config);
    const lost = await train();
    assertEquals(lost.code, 2);
    assertStringIncludes(lost.error, "own.yaml:4:39 data.dataset.root: nowhere: cannot be read");
  }));

Deno.test("a folded network stores its evaluation transforms, and predict applies them", () =>
  withFiles(FILES, async (folder) => {
    const list = "data.eval=[{name: resize, size: 10}, {name: center_crop, size: 8}]";
    const trained = await overfold(folder, "train", "own.yaml", "--set", list);
    assertEquals(trained.code, 0, trained.error);
    const network = join("runs", "own", "folded", "model.safetensors");
    const { description } = await readFoldedNetwork(join(folder, network));
    assertEquals(description.transforms, [
      { name: "resize", size: 10, interpolation: "bilinear" },
      { name: "center_crop", size: 8 },
    ]);
    const [picture] = Object.keys(PICTURES);
    const predicted = await overfold(folder, "predict", network, picture, "--json");
    assertEquals(predicted.code, 0, predicted.error);
    const wrong = { ...description, transforms: [{ name: "fit", size: 9 } as const] };
    const { program, tensors } = await readFoldedNetwork(join(folder, network));
    await writeFoldedNetwork(join(folder, "wrong.safetensors"), {
      description: wrong,
      program,
      tensors,
    });
    const refused = await overfold(folder, "predict", "wrong.safetensors", picture);
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.error, "its transforms give images of 9x9; expected 8x8");
  }));
