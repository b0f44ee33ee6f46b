import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { readImages } from "../../datasets/image_source.ts";
import { type DatasetChoice, type DatasetOptions, loadDataset } from "../../datasets/open.ts";
import { InputError } from "../../errors.ts";
import { plainPng, withFiles } from "../support/pictures.ts";

function load(root: string, options: object = {}, where: DatasetOptions = {}) {
  const choice = { name: "pascal_voc", root, ...options } as DatasetChoice;
  return loadDataset(choice, { evalTransforms: [{ name: "fit", size: 1 }], ...where });
}

/** Lists by class and set, with the state of the images 1, 2, … (`train`) or 11, 12, …. */
function lists(states: Readonly<Record<string, readonly number[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(states).map(([name, list]) => {
      const first = name.endsWith("_train") ? 1 : 11;
      const lines = list.map((state, i) => `2008_${first + i} ${state < 0 ? "" : " "}${state}\r\n`);
      return [`VOC2008/ImageSets/Main/${name}.txt`, lines.join("")];
    }),
  );
}

const PICTURES = Object.fromEntries(
  [1, 2, 3, 11, 12].map((i) => [`VOC2008/JPEGImages/2008_${i}.jpg`, plainPng([i, 0, 0])]),
);

const FILES = {
  ...PICTURES,
  ...lists({
    dog_train: [1, -1, 0],
    dog_val: [0, 1],
    cat_train: [-1, 1, -1],
    cat_val: [1, -1],
    // A class with the name of the set.
    train_train: [1, 1, 1],
    train_val: [-1, 0],
  }),
  "VOC2008/ImageSets/Main/train.txt": "2008_1\n2008_2\n2008_3\n",
};

/** The targets of a split by the red of its images. */
async function targetsOf(split: Awaited<ReturnType<typeof load>>["train"]) {
  const pixels = await readImages(split);
  const { data, shape: [width] } = split.targets.targets;
  return Object.fromEntries(
    Array.from({ length: split.count }, (_, i) => [
      pixels[3 * i],
      [...data.subarray(i * width, (i + 1) * width)],
    ]),
  );
}

Deno.test("difficult objects count as present in training and as unknown in validation", () =>
  withFiles(FILES, async (root) => {
    const data = await load(join(root, "VOC2008"));
    assertEquals(data.classNames, ["cat", "dog", "train"]);
    assertEquals(await targetsOf(data.train), { 1: [0, 1, 1], 2: [1, 0, 1], 3: [0, 1, 1] });
    assertEquals(await targetsOf(data.test), { 11: [1, -1, 0], 12: [0, 1, -1] });
    const unknown = await load(root, { difficult: "unknown", classes: ["dog", "cat"] });
    assertEquals(await targetsOf(unknown.train), { 1: [1, 0], 2: [0, 1], 3: [-1, 0] });
  }));

Deno.test("the layout is found below the root; one of several years must be named", () => {
  const moved = Object.fromEntries(
    Object.entries(FILES).map(([path, bytes]) => [`VOCdevkit/${path}`, bytes]),
  );
  return withFiles(moved, async (root) => {
    assertEquals((await load(root)).sizes, { train: 3, test: 2 });
    await Deno.mkdir(join(root, "VOCdevkit/VOC2007/ImageSets/Main"), { recursive: true });
    const error = await assertRejects(() => load(root), InputError, "VOC2007 and ");
    assertEquals(error.at, ["root"]);
  });
});

Deno.test("mistakes in the lists are reported with file and line", () =>
  withFiles(FILES, async (root) => {
    const main = join(root, "VOC2008", "ImageSets", "Main");
    const refused: [string, string, object, string][] = [
      ["dog_train.txt", "2008_1 1\n2008_2 2\n", {}, 'dog_train.txt:2: found "2008_2 2", expected'],
      ["dog_train.txt", "../../x 1\n", {}, "dog_train.txt:1: found"],
      [
        "dog_train.txt",
        "",
        { classes: ["dog", "bird"] },
        "no list bird_train.txt; found cat",
      ],
      [
        "x.txt",
        "",
        { train: "trainval" },
        "expected one list per class, such as cat_trainval.txt",
      ],
      ["x.txt", "", { validation: "test" }, "cat_test.txt: cannot be read: No such file"],
    ];
    for (const [name, text, options, message] of refused) {
      await Deno.writeTextFile(join(main, name), text);
      const error = await assertRejects(() => load(root, options), InputError);
      assert(error.message.includes(message), error.message);
    }
    await assertRejects(() => load(join(root, "none")), InputError, "no ImageSets/Main");
  }));
