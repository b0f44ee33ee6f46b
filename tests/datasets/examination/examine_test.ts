import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { equalAmong } from "../../../datasets/examination/duplicates.ts";
import { examine } from "../../../datasets/examination/examine.ts";
import { type DatasetChoice, openPictures } from "../../../datasets/open.ts";
import { plainPng, withFiles } from "../../support/pictures.ts";

const wide = plainPng([9, 9, 9], 12, 4);
const FILES = {
  "train/a/1.png": plainPng([1, 2, 3], 3, 2),
  "train/a/2.png": wide,
  "train/a/3.png": plainPng([7, 8, 9], 5, 5),
  "train/a/cut.png": wide.slice(0, 30),
  "train/b/1.png": wide,
  "train/b/2.png": plainPng([50, 60, 70]),
  "train/b/empty.png": "",
  "train/b/too.png": "",
  "train/b/same.png": plainPng([50, 60, 70]),
  "val/a/9.png": plainPng([50, 60, 71]),
  "val/b/8.png": plainPng([1, 2, 3], 3, 2),
};

Deno.test("any number of threads counts, measures and compares every image", () =>
  withFiles(FILES, async (root) => {
    const choice = { name: "image_folder", root } as DatasetChoice;
    const { info, load } = (await openPictures(choice, { scan: false }))!;
    const { train: training, test: validation } = await load();
    for (const workers of [1, 3]) {
      const seen: number[] = [];
      const { classes, broken, duplicates, bytes } = await examine({ training, validation }, {
        classNames: info.classNames,
        thumbnails: { perClass: 2, side: 4 },
        workers,
        onProgress: (done) => seen.push(done),
      });
      const shown = classes.map(({ thumbnails }) => thumbnails.map(({ data }) => data.length));
      assertEquals(classes.map(({ thumbnails: _, ...found }) => found), [
        {
          name: "a",
          training: 4,
          validation: 1,
          broken: 1,
          sizes: { smallest: [2, 3], median: [5, 5], largest: [4, 12] },
        },
        {
          name: "b",
          training: 5,
          validation: 1,
          broken: 2,
          sizes: { smallest: [2, 3], median: [4, 6], largest: [4, 12] },
        },
      ]);
      assertEquals(shown.flat().every((length) => length === 48), true);
      const named = broken.map(({ path, split, reason }) => [
        path.slice(root.length + 1),
        split,
        reason.split(":")[0],
      ]);
      const empty = "this is an empty file, not an image that can be read; fetch or make it again";
      assertEquals(named, [
        ["train/a/cut.png", "training", "a damaged PNG file"],
        ["train/b/empty.png", "training", empty],
        ["train/b/too.png", "training", empty],
      ]);
      assertEquals(
        duplicates.map(({ paths, ...where }) => ({
          paths: paths.map((path) => path.slice(root.length + 1)),
          ...where,
        })),
        [
          {
            paths: ["train/a/1.png", "val/b/8.png"],
            isInBothSplits: true,
            isInSeveralClasses: true,
          },
          {
            paths: ["train/a/2.png", "train/b/1.png"],
            isInBothSplits: false,
            isInSeveralClasses: true,
          },
          {
            paths: ["train/b/2.png", "train/b/same.png"],
            isInBothSplits: false,
            isInSeveralClasses: false,
          },
        ],
      );
      const sizes = Object.values(FILES).map(({ length }) => length);
      assertEquals(bytes, sizes.reduce((sum, length) => sum + length));
      assertEquals(seen, Array.from({ length: 11 }, (_, i) => i + 1));
    }
  }));

Deno.test("an image counts in each of its classes", () => {
  const list = 'path,labels\n1.png,x|y\n2.png,y\n3.png,\n4.png,x\n5.png,""\n';
  const names = Array.from({ length: 5 }, (_, i) => [`${i + 1}.png`, plainPng([i, 0, 0])]);
  return withFiles({ ...Object.fromEntries(names), "list.csv": list }, async (folder) => {
    const train = join(folder, "list.csv");
    const choice = { name: "image_list", train, severalLabels: true, holdOut: { count: 1 } };
    const { info, load } = (await openPictures(choice as DatasetChoice, { scan: false }))!;
    const { train: training, test: validation } = await load();
    const { classes } = await examine({ training, validation }, {
      classNames: info.classNames,
      thumbnails: { perClass: 0, side: 1 },
    });
    const counted = classes.map(({ training, validation }) => training + validation);
    assertEquals([info.classNames, counted], [["x", "y"], [2, 2]]);
  });
});

Deno.test("equal digests are grouped in order, except zeros", () => {
  const digests = new Uint8Array(16 * 6);
  const set = (place: number, ...bytes: number[]) => digests.set(bytes, 16 * place);
  set(0, 9, 9);
  set(2, 1);
  set(3, 9, 9);
  set(4, 1);
  set(5, 9, 9);
  assertEquals(equalAmong(digests), [[0, 3, 5], [2, 4]]);
});
