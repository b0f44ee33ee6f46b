import { assertEquals } from "@std/assert";
import { parseConfig } from "../../config/load.ts";
import { type FormerKey, moveFormerKeys } from "../../config/former_keys.ts";

const KEYS: FormerKey[] = [
  {
    path: "model.depth",
    move: ({ value, holder }) => holder.kernel = { name: holder.kernel, depth: value },
    hint: (value) => `now an option of the kernel: write kernel: { depth: ${value} }`,
  },
  {
    path: "model.layers.*.flip",
    isFormer: (value) => typeof value === "boolean",
    move: ({ value, holder, config }) => {
      holder.flip = [value];
      config.flipped = true;
    },
    hint: "now a list",
  },
];

Deno.test("a former key moves to where it is now, and its place and the new form are told", () => {
  const config = { model: { kernel: "plain", depth: 3 } };
  assertEquals(moveFormerKeys(config, KEYS), [
    { path: ["model", "depth"], hint: "now an option of the kernel: write kernel: { depth: 3 }" },
  ]);
  assertEquals<unknown>(config, { model: { kernel: { name: "plain", depth: 3 } } });
  assertEquals(moveFormerKeys(config, KEYS), []);
});

Deno.test("a former form is found in every item of a list, a present one is left alone", () => {
  const config = {
    model: { layers: [{ flip: true }, "relu", { flip: [false] }, { flip: false }] },
  };
  assertEquals(moveFormerKeys(config, KEYS).map(({ path }) => path.join(".")), [
    "model.layers.0.flip",
    "model.layers.3.flip",
  ]);
  assertEquals<unknown>(config, {
    model: { layers: [{ flip: [true] }, "relu", { flip: [false] }, { flip: [false] }] },
    flipped: true,
  });
});

Deno.test("a config of any form can be searched for former keys", () => {
  for (const model of [null, "text", 3, [1], {}, { layers: null }, { layers: [[]] }]) {
    const config = { model };
    assertEquals(moveFormerKeys(config, KEYS), []);
    assertEquals(config, { model });
  }
});

Deno.test("the former forms of data are read, and what to write instead is told", () => {
  const hints: string[] = [];
  const read = (data: string, set: string[] = []) =>
    parseConfig(`data: { ${data} }\nmodel: { name: do_conv_net }\n`, "old.yaml", {
      set,
      onHint: (line) => hints.push(line),
    }).config.data;
  const { dataset, augmentation } = read(
    "dataset: synthetic, synthetic: { classes: 3 }, augmentation: { crop: { padding: 4 }, flip: true }",
  );
  assertEquals(dataset, read("dataset: { name: synthetic, classes: 3 }").dataset);
  const sized = read("dataset: synthetic", ["data.synthetic.imageSize=8"]).dataset;
  assertEquals(sized, read("dataset: { name: synthetic, imageSize: 8 }").dataset);
  assertEquals(augmentation, [{ name: "random_crop", padding: 4 }, "horizontal_flip"]);
  assertEquals(read("dataset: mnist, augmentation: { flip: false }").augmentation, []);
  assertEquals(hints, [
    "old.yaml:1:29 data.synthetic: now options of the dataset: " +
    "write dataset: { name: synthetic, classes: 3 }",
    "old.yaml:1:56 data.augmentation: now a list: " +
    "write augmentation: [ { name: random_crop, padding: 4 }, horizontal_flip ]",
    "--set data.synthetic: now options of the dataset: " +
    "write dataset: { name: synthetic, imageSize: 8 }",
    "old.yaml:1:25 data.augmentation: now a list: write augmentation: []",
  ]);
});

Deno.test("the former label smoothing is the objective's", () => {
  const hints: string[] = [];
  const read = (training: string, set: string[] = []) =>
    parseConfig(
      `data: { dataset: mnist }\nmodel: { name: do_conv_net }\ntraining: { ${training} }\n`,
      "old.yaml",
      { set, onHint: (line) => hints.push(line) },
    ).config.training.objective;
  assertEquals(read("labelSmoothing: 0.1"), { name: "classification", labelSmoothing: 0.1 });
  assertEquals(read("epochs: 1", ["training.labelSmoothing=0.2"]), {
    name: "classification",
    labelSmoothing: 0.2,
  });
  assertEquals(read("epochs: 1"), "classification");
  assertEquals(hints, [
    "old.yaml:3:13 training.labelSmoothing: now an option of the objective: " +
    "write objective: { name: classification, labelSmoothing: 0.1 }",
    "--set training.labelSmoothing: now an option of the objective: " +
    "write objective: { name: classification, labelSmoothing: 0.2 }",
  ]);
});
