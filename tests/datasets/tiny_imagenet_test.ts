import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { openPublishedPictures } from "../../datasets/published_pictures.ts";
import { tinyImagenetOf } from "../../datasets/tiny_imagenet.ts";
import { InputError } from "../../errors.ts";
import { plainPng } from "../support/pictures.ts";
import { loadReds, withMirror } from "../support/published.ts";
import { zipOf } from "../support/zip.ts";

const tiny = tinyImagenetOf({ n01: "goldfish", n02: "acorn" }, { train: 3, test: 2 });

const zip = (annotations = "val_0.JPEG\tn02\t0\t32\t44\t62\nval_1.JPEG\tn01\t1\t2\t3\t4\n") => ({
  "tiny-imagenet-200.zip": zipOf(
    Object.entries({
      "wnids.txt": "n02\nn01\n",
      "train/n01/n01_boxes.txt": "boxes",
      "train/n01/images/n01_0.JPEG": plainPng([1, 0, 0]),
      "train/n01/images/n01_1.JPEG": plainPng([2, 0, 0]),
      "train/n02/images/n02_0.JPEG": plainPng([3, 0, 0]),
      "val/val_annotations.txt": annotations,
      "val/images/val_0.JPEG": plainPng([4, 0, 0]),
      "val/images/val_1.JPEG": plainPng([5, 0, 0]),
      "test/images/test_0.JPEG": plainPng([6, 0, 0]),
    }).map(([name, content]) => ({ name: `tiny-imagenet-200/${name}`, content })),
  ),
});

Deno.test("training images are labelled by folder, validation images by the annotations", async () => {
  await withMirror(tiny, zip(), async ({ dataset, where, requests }) => {
    const all = { train: [[1, 0], [2, 0], [3, 1]], test: [[4, 1], [5, 0]] };
    assertEquals<unknown>(await loadReds(dataset, where), all);
    assertEquals<unknown>(await loadReds(dataset, { ...where, download: false }), all);
    assertEquals(requests.length, 1);
    const folder = join(where.cache, "datasets", "tiny_imagenet", "tiny-imagenet-200");
    const root = join(folder, "tiny-imagenet-200");
    assertEquals([...Deno.readDirSync(root)].map(({ name }) => name).sort(), ["train", "val"]);
    assertEquals<unknown>(await loadReds(dataset, { root }), all);
  });
});

Deno.test("annotations of unknown class or form are rejected by name", async () => {
  const refused = [
    ["val_0.JPEG\tn09\t0\t1\t2\t3\n", "val_annotations.txt: record 0 has the label -1"],
    ["../x.JPEG\tn01\t0\t1\t2\t3\n", "val_annotations.txt:1: found"],
  ];
  for (const [annotations, message] of refused) {
    await withMirror(tiny, zip(annotations), async ({ dataset, where }) => {
      await assertRejects(() => loadReds(dataset, where), InputError, message);
    });
  }
});

Deno.test("there are 200 classes, and images are 64 pixels wide", () => {
  const { info } = openPublishedPictures(tinyImagenetOf(), {});
  assertEquals(new Set(info.classNames).size, 200);
  assertEquals([info.classNames[0], info.classNames[199]], ["goldfish", "acorn"]);
  assertEquals(info.usualSize, 64);
});
