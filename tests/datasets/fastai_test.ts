import { assertEquals, assertRejects } from "@std/assert";
import { fastaiOf } from "../../datasets/fastai.ts";
import { openPublishedPictures } from "../../datasets/published_pictures.ts";
import { InputError } from "../../errors.ts";
import { plainPng } from "../support/pictures.ts";
import { loadReds, tarGzOf, withMirror } from "../support/published.ts";

Deno.test("fast.ai's datasets are read at the chosen size, with class names", async () => {
  const same = { md5: "0".repeat(32), bytes: 1 };
  const tiny = {
    name: "imagenette",
    title: "Imagenette",
    about: "",
    archive: "imagenette2",
    published: { full: same, 320: same, 160: same },
    sizes: { train: 3, test: 2 },
    classes: { n01: "tench", n02: "church" },
  };
  const tgz = await tarGzOf({
    "imagenette2-160/noisy_imagenette.csv": "path\n",
    "imagenette2-160/train/n01/a.JPEG": plainPng([1, 0, 0]),
    "imagenette2-160/train/n02/b.JPEG": plainPng([2, 0, 0]),
    "imagenette2-160/train/n02/c.JPEG": plainPng([3, 0, 0]),
    "imagenette2-160/val/n01/d.JPEG": plainPng([4, 0, 0]),
    "imagenette2-160/val/n02/e.JPEG": plainPng([5, 0, 0]),
  });
  await withMirror(
    fastaiOf(tiny, 160),
    { "imagenette2-160.tgz": tgz },
    async ({ dataset, where }) => {
      const { info } = openPublishedPictures(dataset, where);
      assertEquals([info.classNames, info.usualSize], [["tench", "church"], 160]);
      assertEquals(await loadReds(dataset, where), {
        train: [[1, 0], [2, 1], [3, 1]],
        test: [[4, 0], [5, 1]],
      });
      const full = fastaiOf(tiny, "full");
      await assertRejects(
        () => loadReds(full, { ...where, download: false }),
        InputError,
        "was not found",
        "another size is no substitute",
      );
    },
  );
});
