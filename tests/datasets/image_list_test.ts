import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { readImages } from "../../datasets/image_source.ts";
import { type DatasetChoice, loadDataset } from "../../datasets/open.ts";
import { InputError } from "../../errors.ts";
import { plainPng, withFiles } from "../support/pictures.ts";

/** Images a0 … a9, each with its number as red. */
const PICTURES = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [`photos/a ${i}.png`, plainPng([i, 0, 0])]),
);

/** Loads a list of this text. */
async function load(text: string, options: object = {}) {
  let data: Awaited<ReturnType<typeof loadDataset>> | undefined;
  await withFiles({ ...PICTURES, "photos/list.csv": text }, async (folder) => {
    const train = join(folder, "photos", "list.csv");
    const choice = { name: "image_list", train, ...options } as DatasetChoice;
    data = await loadDataset(choice, { evalTransforms: [{ name: "fit", size: 1 }] });
    // Each image has its own label.
    for (const split of [data.train, data.test]) {
      const pixels = await readImages(split);
      split.targets.labels?.data.forEach((label, i) =>
        assertEquals(data!.classNames[label], labelOf(pixels[3 * i]))
      );
    }
  });
  return data!;
}

const labelOf = (number: number) => number % 2 ? "odd, that is" : "even";
const names = Array.from({ length: 10 }, (_, i) => `a ${i}.png`);
const quoted = (i: number) => i % 2 ? '"odd, that is"' : "even";

Deno.test("CSV lists are read with and without a header line", async () => {
  const texts = [
    names.map((name, i) => `${name},${quoted(i)}`).join("\n"),
    "\ufeffid;Label;File\r\n" +
    names.map((name, i) => `${i};${labelOf(i)};./${name}\r\n`).join(""),
  ];
  for (const text of texts) {
    const data = await load(text);
    assertEquals(data.classNames, ["even", "odd, that is"]);
    assertEquals(data.sizes, { train: 8, test: 2 });
  }
});

Deno.test("JSON lines are read, and a second list is for validation", async () => {
  const line = (i: number) => JSON.stringify({ path: names[i], label: labelOf(i) });
  const text = [0, 1, 2, 3].map(line).join("\n\n");
  const data = await load(text);
  assertEquals(data.sizes, { train: 3, test: 1 });
  await withFiles({ ...PICTURES, "train.jsonl": text, "val.jsonl": line(5) }, async (folder) => {
    const [train, validation] = ["train", "val"].map((name) => join(folder, `${name}.jsonl`));
    const root = join(folder, "photos");
    const choice = { name: "image_list", train, validation, root } as DatasetChoice;
    const { sizes, test, classNames } = await loadDataset(choice);
    assertEquals(sizes, { train: 4, test: 1 });
    assertEquals(classNames[test.targets.labels.data[0]], "odd, that is");
  });
});

Deno.test("numeric labels are ordered as numbers, and several labels per image can be allowed", async () => {
  const text = names.map((name, i) => `${name}\t${[10, 9][i % 2]}`).join("\n");
  await withFiles({ ...PICTURES, "photos/list.tsv": text }, async (folder) => {
    const train = join(folder, "photos", "list.tsv");
    const data = await loadDataset({ name: "image_list", train } as DatasetChoice);
    assertEquals(data.classNames, ["9", "10"]);
  });
  const several = names.map((name, i) => `${name},${i === 0 ? "" : `big|x${i}`}`).join("\n");
  const data = await load(several, { severalLabels: true, holdOut: { count: 1 } });
  assertEquals(data.classNames.slice(0, 3), ["big", "x1", "x2"]);
  const { data: targets, shape } = data.train.targets.targets;
  assertEquals(shape, [10]);
  const sums = Array.from(
    { length: 9 },
    (_, i) => [...targets.slice(10 * i, 10 * i + 10)].reduce((sum, one) => sum + one, 0),
  );
  assert(sums.every((sum) => sum === 0 || sum === 2));
});

Deno.test("mistakes in a list are reported with their line", async () => {
  const two = "a 0.png,even\na 1.png,odd\n";
  const refused: [string, object, string][] = [
    ["", {}, "the list contains no images"],
    ["a 0.png,x\n", {}, "expected at least two labels, found x"],
    [`${two}a 2.png\n`, {}, "list.csv:3: found 1 columns, expected 2, path and label"],
    [`path,label\n${two}a,b,c`, {}, "list.csv:4: found 3 columns, expected 2 as in the first line"],
    [`${two}"a 2.png,even`, {}, "list.csv:3: the quoted cell that begins here has no end"],
    [`${two}"a 2.png"x,even`, {}, "list.csv:3: unexpected text after a quoted cell"],
    [`${two}../b.png,even`, {}, 'list.csv:3: found "../b.png", expected a path relative to root'],
    [`${two}/b.png,even`, {}, 'found "/b.png", expected a path relative'],
    [two, { classes: ["even", "add"] }, 'list.csv:2: found the label "odd", expected one of even'],
    [`{"path": "a 0.png"}`, {}, "list.csv:1: found"],
    [`{"path": "a 0.png", "label": "x"}\n{`, {}, "list.csv:2: invalid JSON"],
    [`{"path": "a 0.png", "label": ["x", "y"]}`, {}, "list.csv:1: found 2 labels, expected one"],
    [`${two}lost.png,odd\n`, {}, "lost.png: cannot be read: No such file"],
  ];
  for (const [text, options, message] of refused) {
    await assertRejects(() => load(text, options), InputError, message);
  }
});
