import { assertEquals } from "@std/assert";
import { parseConfig } from "../../config/load.ts";

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
