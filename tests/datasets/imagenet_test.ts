import { assert, assertEquals, assertRejects } from "@std/assert";
import { type DatasetChoice, type DatasetOptions, loadDataset } from "../../datasets/open.ts";
import { InputError } from "../../errors.ts";
import { plainPng, withFiles } from "../support/pictures.ts";

function load(root: string, options: object = {}, where: DatasetOptions = {}) {
  return loadDataset({ name: "imagenet", root, ...options } as DatasetChoice, where);
}

const RED = plainPng([200, 0, 0]);
const CLASSES = ["n01", "n02", "n03", "n04"];

/** An image of each class in a split below a folder. */
const split = (folder: string) =>
  Object.fromEntries(CLASSES.map((name) => [`${folder}/${name}/${name}_1.JPEG`, RED]));

const NAMES = "n02 crane\nn01 tench, Tinca tinca\nn03 crane\nn04 maillot, tank suit\nn05 maillot\n";

Deno.test("folders are classes, named by a file of names if there is one", () =>
  withFiles({ ...split("train"), ...split("val") }, async (root) => {
    assertEquals((await load(root)).classNames, CLASSES);
    await Deno.writeTextFile(`${root}/synset_words.txt`, NAMES);
    const data = await load(root);
    assertEquals(data.classNames, ["tench", "crane (n02)", "crane (n03)", "maillot"]);
    assertEquals(data.sizes, { train: 4, test: 4 });
    await Deno.writeTextFile(`${root}/own.txt`, "n01 a\n");
    const error = await assertRejects(
      () => load(root, { classNames: `${root}/own.txt` }),
      InputError,
      "own.txt: no line for the class n02",
    );
    assertEquals(error.at, ["classNames"]);
  }));

Deno.test("Kaggle's layout is read, with all validation images in one folder", () => {
  const folder = "ILSVRC/Data/CLS-LOC";
  const files = {
    ...split(`${folder}/train`),
    [`${folder}/val/ILSVRC2012_val_00000001.JPEG`]: RED,
    [`${folder}/val/ILSVRC2012_val_00000002.JPEG`]: RED,
    [`${folder}/val/ILSVRC2012_val_00000003.JPEG`]: RED,
    [`${folder}/test/ILSVRC2012_test_00000001.JPEG`]: RED,
    "LOC_val_solution.csv": "ImageId,PredictionString\n" +
      "ILSVRC2012_val_00000002,n03 85 1 499 272 \nILSVRC2012_val_00000001,n02 1 2 3 4 n02 5 6 7 8\n",
    "LOC_synset_mapping.txt": NAMES,
  };
  return withFiles(files, async (root) => {
    for (const given of [root, `${root}/${folder}`]) {
      const notices: string[] = [];
      const data = await load(given, {}, { onNotice: (line) => notices.push(line) });
      assertEquals(data.sizes, { train: 4, test: 2 });
      assertEquals([...data.test.targets.labels.data].sort(), [1, 2]);
      assert(notices.some((line) => line.endsWith("skipped 1 × image in no class")));
    }
  });
});

Deno.test("missing validation folders are rejected", async () => {
  await withFiles(split("train"), async (root) => {
    await assertRejects(() => load(root), InputError, "no folder val/ next to train/");
  });
  await withFiles({ ...split("train"), "val/1.JPEG": RED }, async (root) => {
    const message = "no images in the folder of a class; skipped 1 × image in no class";
    await assertRejects(() => load(root), InputError, message);
  });
});
