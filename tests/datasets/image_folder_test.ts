import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { readImages } from "../../datasets/image_source.ts";
import { type DatasetChoice, type DatasetOptions, loadDataset } from "../../datasets/open.ts";
import { InputError } from "../../errors.ts";
import { plainPng, withFiles, writeFiles } from "../support/pictures.ts";

const RED = plainPng([200, 10, 10]);
const BLUE = plainPng([10, 10, 200]);
const SMALL: DatasetOptions = { evalTransforms: [{ name: "fit", size: 2 }] };

function load(root: string, options: object = {}, where: DatasetOptions = {}) {
  const choice = { name: "image_folder", root, ...options } as DatasetChoice;
  return loadDataset(choice, { ...SMALL, ...where });
}

/** This many files of each class, by path. */
function files(counts: Readonly<Record<string, number>>, bytes = RED): Record<string, Uint8Array> {
  return Object.fromEntries(
    Object.entries(counts).flatMap(([folder, count]) =>
      Array.from({ length: count }, (_, i) => [`${folder}/${i}.png`, bytes])
    ),
  );
}

Deno.test("folders are classes in Python's order, and validation images are held out of each", () =>
  withFiles(files({ b: 5, B: 10, "é": 5, "𝒳": 5, "ﬁ": 5 }), async (root) => {
    const data = await load(root, { holdOut: { share: 0.2 } });
    assertEquals(data.classNames, ["B", "b", "é", "ﬁ", "𝒳"]);
    assertEquals(data.sizes, { train: 24, test: 6 });
    assertEquals(data.imageShape, { height: 2, width: 2, channels: 3 });
    const labels = [...data.test.targets.labels.data].sort();
    assertEquals(labels, [0, 0, 1, 2, 3, 4]);
    const counted = await load(root, { holdOut: { count: 11 } });
    assertEquals(counted.sizes, { train: 19, test: 11 });
    const named = await load(root, { classes: ["é", "b"] });
    assertEquals([named.classNames, named.sizes], [["é", "b"], { train: 8, test: 2 }]);
  }));

Deno.test("the held-out images are reproducible and of every class", () => {
  const all = files({ cat: 20, dog: 20 });
  const heldOf = async (root: string, splitSeed = 0) => {
    const data = await load(root, { splitSeed });
    return [...data.train.targets.labels.data].join("");
  };
  return withFiles(all, async (root) => {
    const first = await heldOf(root);
    assertEquals(await heldOf(root), first);
    assert(await heldOf(root, 1) !== first);
    // Classes are mixed at the beginning, which may be held out or cut off.
    assertEquals(new Set(first.slice(0, 12)).size, 2);
  });
});

Deno.test("the folders train and valid are recognized, and classes without training images rejected", () =>
  withFiles(
    { ...files({ "train/a": 3, "train/b": 2, "test/a": 1, "valid/b": 2 }) },
    async (root) => {
      const notices: string[] = [];
      const data = await load(root, {}, { onNotice: (line) => notices.push(line) });
      assertEquals([data.sizes, [...data.test.targets.labels.data]], [{ train: 5, test: 2 }, [
        1,
        1,
      ]]);
      assertEquals(notices, [`${root}: not used: test`]);
      const test = await load(root, { validation: "test" });
      assertEquals([...test.test.targets.labels.data], [0]);
      const error = await assertRejects(() => load(root, { validation: "vald" }), InputError);
      assertEquals(error.at, ["validation"]);
      await writeFiles(root, files({ "valid/c": 1 }));
      await assertRejects(() => load(root), InputError, "c: not a class of the training data");
    },
  ));

Deno.test("a class may be called train", () =>
  withFiles(files({ train: 5, bus: 5 }), async (root) => {
    assertEquals((await load(root)).classNames, ["bus", "train"]);
  }));

Deno.test("subfolders belong to their class, links are followed once, and hidden and system files skipped", () =>
  withFiles({
    ...files({ a: 2, "a/deep/er": 2, b: 2, ".git/x": 1, "a/.thumbs": 1, "__MACOSX/a": 1 }),
    "a/Thumbs.db": "x",
    "a/notes.txt": "x",
    "a/really an image.dat": RED,
    "b/._1.png": "x",
  }, async (root) => {
    await Deno.symlink(root, join(root, "a", "round"));
    await Deno.symlink(join(root, "b"), join(root, "c"));
    await Deno.symlink(join(root, "b", "0.png"), join(root, "b", "again.png"));
    await Deno.symlink("nowhere", join(root, "b", "lost.png"));
    const notices: string[] = [];
    const data = await load(root, { classes: ["a", "b"], holdOut: { count: 1 } }, {
      onNotice: (line) => notices.push(line),
    });
    // a: its own five and, through the link to the root, those of b and c once.
    assertEquals(data.sizes.train + data.sizes.test, 5 + 3 + 3);
    assertEquals(notices, [
      `${root}: skipped 2 × link without a file, 1 × folder that is not a class, 1 × .txt`,
    ]);
  }));

Deno.test("a folder without class folders is rejected with what was found", () =>
  withFiles({ ...files({ "one/a": 1, "two/a": 2, "flat": 3, "empty/b": 1 }) }, async (root) => {
    await Deno.mkdir(join(root, "empty", "c"));
    const refused: [string, string][] = [
      ["none", "cannot be read: No such file or directory"],
      ["one", "one folder of images per class; found only one, a"],
      ["flat", "found no folder and 3 images in no class"],
      ["flat/0.png", "not a folder"],
      ["empty", "no images in c"],
    ];
    for (const [folder, message] of refused) {
      const path = join(root, folder);
      const error = await assertRejects(() => load(path), InputError, message);
      assert(error.message.startsWith(path), error.message);
    }
    await assertRejects(
      () => load(join(root, "two"), { classes: ["a", "b"] }),
      InputError,
      "folder b",
    );
  }));

Deno.test("unreadable files are all reported before training", () => {
  const broken = { "a/bad.jpg": "<!doctype html>", "a/empty.png": "", "b/x.jpeg": "%PDF-1.7" };
  return withFiles({ ...files({ a: 3, b: 3 }), ...broken }, async (root) => {
    const { message } = await assertRejects(() => load(root), InputError);
    assert(message.startsWith("3 of 9 images cannot be read"), message);
    for (const text of ["bad.jpg: this is a web page", "empty.png: this is an empty file"]) {
      assert(message.includes(text), message);
    }
    assert(message.includes("data.onError: skip"), message);
    const { train, test } = await load(root, {}, { onError: "skip" });
    assertEquals([train, test].flatMap((split) => split.complaints?.() ?? []).length, 3);
    await readImages(train);
  });
});

Deno.test("a broken image is replaced by another of its class", async () => {
  const cut = RED.slice(0, -20);
  const named = { ...files({ a: 9 }), ...files({ b: 9 }, BLUE), "a/cut.png": cut };
  await withFiles(named, async (root) => {
    const where = { onError: "skip", trainTransforms: SMALL.evalTransforms } as const;
    const { train, test } = await load(root, { holdOut: { share: 0.5 } }, where);
    for (const split of [train, test]) {
      const pixels = await readImages(split);
      split.targets.labels.data.forEach((label, i) =>
        assertEquals(pixels[12 * i], label === 0 ? 200 : 10)
      );
    }
    const [complaint] = [train, test].flatMap((split) => split.complaints?.() ?? []);
    assert(complaint.includes("cut.png: a damaged PNG file"), complaint);
  });
  await withFiles(named, async (root) => {
    const { train, test } = await load(root);
    const error = await assertRejects(async () => {
      await readImages(train);
      await readImages(test);
    }, InputError);
    assert(error.message.includes("cut.png: a damaged PNG file"), error.message);
    assert(error.message.endsWith("; set data.onError: skip to skip it"), error.message);
  });
});

Deno.test("too many broken images are rejected", () => {
  const bad = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`a/bad${i}.png`, "x"]));
  return withFiles({ ...files({ a: 20, b: 20 }), ...bad }, async (root) => {
    await assertRejects(
      () => load(root, { holdOut: { count: 2 } }, { onError: "skip" }),
      InputError,
      "more than 10 images cannot be read",
    );
  });
});
