import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { plainPng, withFiles } from "../support/pictures.ts";
import { overfold, parseEvents } from "./cli.ts";

/** Grey images of two classes, dark and bright, of several sizes. */
const PICTURES = Object.fromEntries(
  Array.from({ length: 40 }, (_, i) => {
    const grey = i % 2 ? 200 + i : i;
    return [`photos/${i % 2 ? "day" : "night"}/${i}.png`, plainPng([grey, grey, grey], 36, 30 + i)];
  }),
);

Deno.test("init and train turn a folder of images into a folded network", () =>
  withFiles(PICTURES, async (folder) => {
    const made = await overfold(folder, "init", "own.yaml", "--images", "photos", "--json");
    assertEquals(made.code, 0, made.error);
    const [{ expectedSeconds, ...found }] = parseEvents(made.out);
    assert(Number(expectedSeconds) > 0);
    assertEquals({ ...found, epochs: 40 }, {
      file: "own.yaml",
      classes: 2,
      train: 32,
      test: 8,
      size: 32,
      epochs: 40,
      batchSize: 16,
    });
    const config = await Deno.readTextFile(join(folder, "own.yaml"));
    assertStringIncludes(config, "channels: 1\n");
    const trained = await overfold(folder, "train", "own.yaml", "--json");
    assertEquals(trained.code, 0, trained.error);
    const { folded, validAccuracy } = parseEvents(trained.out).at(-1)!;
    assertEquals(validAccuracy, 1);
    assert((await Deno.stat(join(folder, String(folded)))).isFile);
  }));

Deno.test("init reports unreadable images, and writes nothing for an unsuitable folder", () =>
  withFiles(
    { ...PICTURES, "photos/day/cut.png": plainPng([1, 2, 3]).slice(0, 40) },
    async (folder) => {
      const none = await overfold(folder, "init", "--images", "nowhere");
      assertEquals([none.code, none.error], [2, "error: nowhere: no such file or folder\n"]);
      const empty = await overfold(folder, "init", "--images", "photos/day");
      assertEquals(empty.code, 2);
      assertStringIncludes(empty.error, "expected one folder of images per class");
      assertEquals(await Deno.stat(join(folder, "config.yaml")).catch(() => "none"), "none");
      await Deno.rename(join(folder, "photos"), join(folder, "my photos"));
      const made = await overfold(folder, "init", "my own.yaml", "--images", "my photos");
      assertEquals([made.code, made.error.includes("cut.png: a damaged PNG file")], [0, true]);
      // The suggested commands can be pasted.
      assertStringIncludes(made.error, "`overfold datasets check 'my photos'`");
      assertStringIncludes(made.out, ": overfold train 'my own.yaml'\n");
    },
  ));

Deno.test("init writes a multi-label config for a list with several labels per image", () => {
  const rows = Object.keys(PICTURES).map((path, i) => ({
    path,
    labels: [...(path.includes("day") ? ["bright"] : []), ...(i % 4 < 2 ? ["first"] : [])],
  }));
  const lists = {
    "labels.jsonl": rows.map((row) => JSON.stringify(row)).join("\n"),
    "labels.csv": rows.map(({ path, labels }) => `${path},${labels.join("|")}\n`).join(""),
  };
  return withFiles({ ...PICTURES, ...lists }, async (folder) => {
    for (const list of Object.keys(lists)) {
      const made = await overfold(
        folder,
        "init",
        "own.yaml",
        "--force",
        "--images",
        list,
        "--json",
      );
      assertEquals(made.code, 0, made.error);
      const config = await Deno.readTextFile(join(folder, "own.yaml"));
      for (const line of ["severalLabels: true", "objective: multi_label", "at least 15 of each"]) {
        assertStringIncludes(config, line);
      }
    }
    const checked = await overfold(folder, "datasets", "check", "labels.csv", "--sheet=none");
    assertStringIncludes(checked.out, "40 images of 2 classes");
  });
});
