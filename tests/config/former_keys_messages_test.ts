import { assertEquals, assertThrows } from "@std/assert";
import { parseConfig } from "../../config/load.ts";
import { InputError } from "../../errors.ts";
import { hintsOf, mistakesOf, textOf } from "../support/former_configs.ts";

Deno.test("mistakes in former keys are reported at their place", () => {
  assertEquals(mistakesOf({ training: "epochs: 3, labelSmoothing: 1.5" }), [
    "old.yaml:3:40 training.labelSmoothing: found 1.5, expected a number of at least 0 and below 1",
  ]);
  assertEquals(mistakesOf({ model: "name: resnet18, depthMultiplier: { a: 1 }" }), [
    "old.yaml:2:43 model.depthMultiplier: found a mapping, expected an integer of at least 1",
  ]);
  const plain = "name: resnet18, convolution: conv, depthMultiplier: -3, pairing: foo";
  assertEquals(mistakesOf({ model: plain }), [
    "old.yaml:2:62 model.depthMultiplier: found -3, expected an integer of at least 1",
    'old.yaml:2:75 model.pairing: found "foo", expected one of paper, authors',
  ]);
  assertEquals(mistakesOf({ data: "dataset: synthetic, synthetic: { clases: 4 }" }), [
    'old.yaml:1:42 data.synthetic.clases: unknown key; did you mean "classes"?',
  ]);
  assertEquals(mistakesOf({ data: "dataset: mnist, synthetic: { classes: 4 }" }), [
    "old.yaml:1:36 data.synthetic: only the dataset synthetic has a size to choose; remove it",
  ]);
  assertEquals(mistakesOf({ data: "dataset: mnist, train: [horizontal_flip, cutmix]" }), [
    "old.yaml:1:32 data.train: cutmix is carried out by the training step; write data.mixing: " +
    "{ cutmix: {} }",
  ]);
  const erased = "{name: random_erasing, p: 0.2}";
  assertEquals(mistakesOf({ data: `dataset: mnist, train: [${erased}]` }), [
    "old.yaml:1:32 data.train: random_erasing is carried out by the training step; write " +
    "data.augmentation: [ { name: random_erasing, p: 0.2 } ]",
  ]);
  // For an unknown dataset only the name is reported.
  const unknown = mistakesOf({ data: "dataset: mnits, synthetic: { classes: 4, channels: 1 }" });
  assertEquals(unknown.map((line) => line.split(",")[0]), [
    'old.yaml:1:18 data.dataset: found "mnits"',
  ]);
  assertEquals(mistakesOf({ training: "objective: multi_label, labelSmoothing: 0.1" }), [
    "old.yaml:3:37 training.labelSmoothing: unknown key; multi_label takes threshold, positiveWeight",
  ]);
  for (const set of ["training.labelSmoothing=5", "model.depthMultiplier=abc"]) {
    const key = set.slice(0, set.indexOf("="));
    assertEquals(
      mistakesOf({ training: "labelSmoothing: 0.1" }, set)[0].startsWith(`--set ${key}: `),
      true,
    );
  }
});

Deno.test("a model's error about a former option is reported at that option", () => {
  const layers = "layers: [{ convolution: { outChannels: 4, kernelSize: 3, pairing: paper } }]";
  const { at } = parseConfig(textOf({ model: `depthMultiplier: 4, ${layers}` }), "old.yaml");
  const tooSmall = () => {
    const path = ["layers", 0, "convolution", "convolution", "depthMultiplier"];
    throw new InputError("too small", { at: path });
  };
  assertEquals(
    assertThrows(() => at("model", tooSmall), InputError).message,
    "old.yaml:2:27 model.depthMultiplier: too small",
  );
});

Deno.test("a former augmentation is checked as strictly as a list", () => {
  const of = (augmentation: string) =>
    mistakesOf({ data: `dataset: mnist, augmentation: ${augmentation}` });
  assertEquals(of("{ flip: 'no' }"), [
    'old.yaml:1:47 data.augmentation.flip: found "no", expected true or false',
  ]);
  assertEquals(of("{ crop: { padding: 0 }, flp: true }"), [
    "old.yaml:1:58 data.augmentation.crop.padding: found 0, expected an integer of at least 1",
    'old.yaml:1:63 data.augmentation.flp: unknown key; did you mean "flip"?',
  ]);
  assertEquals(of("{ crp: { padding: 4 } }"), [
    "old.yaml:1:39 data.augmentation: found a mapping, expected one of none, light, standard, strong or a list",
  ]);
  assertEquals(of("{ name: random_crop, padding: 4 }"), [
    "old.yaml:1:39 data.augmentation: expected a list; write augmentation: " +
    "[ { name: random_crop, padding: 4 } ]",
  ]);
});

Deno.test("hints give the present form of former keys, or say that a key has no effect", () => {
  assertEquals(hintsOf({ data: "dataset: synthetic, synthetic: { classes: 4, imageSize: 8 }" }), [
    "old.yaml:1:29 data.synthetic: instead of synthetic write dataset: " +
    "{ name: synthetic, classes: 4, imageSize: 8 }",
  ]);
  const augmentation = "{ crop: { padding: 2 }, flip: true }";
  assertEquals(hintsOf({ data: `dataset: mnist, augmentation: ${augmentation}` }), [
    "old.yaml:1:25 data.augmentation: write augmentation: " +
    "[ { name: random_crop, padding: 2 }, horizontal_flip ]",
  ]);
  assertEquals(hintsOf({ training: "labelSmoothing: 0.1" }, "training.labelSmoothing=0.2"), [
    "--set training.labelSmoothing: instead of labelSmoothing write objective: " +
    "{ name: classification, labelSmoothing: 0.2 }",
  ]);
  assertEquals(hintsOf({ threads: "{ count: 2, schedule: dynamic }" }), [
    "old.yaml:4:22 threads.schedule: instead of schedule write partition: dynamic",
  ]);
  const layer = "outChannels: 4, kernelSize: 3";
  const layers =
    `layers: [{ convolution: { ${layer}, pairing: paper } }, { do_conv2d: { ${layer} } }]`;
  assertEquals(hintsOf({ model: `depthMultiplier: 12, pairing: authors, ${layers}` }), [
    "old.yaml:2:10 model.depthMultiplier: instead of depthMultiplier and pairing write convolution: " +
    "{ name: do_conv, depthMultiplier: 12, pairing: authors }",
    "old.yaml:2:10 model.depthMultiplier: instead of depthMultiplier and pairing write " +
    `layers.1.do_conv2d: { ${layer}, depthMultiplier: 12, pairing: authors }`,
    "old.yaml:2:106 model.layers.0.convolution.pairing: instead of pairing write convolution: " +
    "{ name: do_conv, pairing: paper, depthMultiplier: 12 }",
  ]);
  assertEquals(hintsOf({ model: "name: resnet18, convolution: conv, depthMultiplier: 12" }), [
    "old.yaml:2:45 model.depthMultiplier: has no effect here; remove it",
  ]);
  const misspelled = textOf({ model: "name: resnet18, convolution: do_cnv, depthMultiplier: 12" });
  const hints: string[] = [];
  const read = () => parseConfig(misspelled, "old.yaml", { onHint: (line) => hints.push(line) });
  assertThrows(read, InputError, "model.convolution");
  assertEquals(hints, []);
});
