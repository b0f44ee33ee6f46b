import { assertEquals, assertRejects } from "@std/assert";
import { oxfordIiitPetOf } from "../../datasets/oxford_iiit_pet.ts";
import { InputError } from "../../errors.ts";
import { plainPng } from "../support/pictures.ts";
import { loadReds, tarGzOf, withMirror } from "../support/published.ts";

const pets = oxfordIiitPetOf(["Abyssinian", "American Bulldog"], { train: 2, test: 1 });

async function files(trainval = "Abyssinian_1 1 1 1\namerican_bulldog_20 2 2 1\n") {
  return {
    "annotations.tar.gz": await tarGzOf({
      "annotations/trainval.txt": trainval,
      "annotations/test.txt": "american_bulldog_3 2 2 1\n",
      "annotations/trimaps/Abyssinian_1.png": "not wanted",
    }),
    "images.tar.gz": await tarGzOf({
      "images/Abyssinian_1.jpg": plainPng([1, 0, 0]),
      "images/Abyssinian_1.mat": "no image",
      "images/american_bulldog_3.jpg": plainPng([3, 0, 0]),
      "images/american_bulldog_20.jpg": plainPng([20, 0, 0]),
    }),
  };
}

Deno.test("the lists give the breeds and sets of pets", async () => {
  await withMirror(pets, await files(), async ({ dataset, where, requests }) => {
    assertEquals(await loadReds(dataset, where), { train: [[1, 0], [20, 1]], test: [[3, 1]] });
    const { train } = await loadReds(dataset, { ...where, download: false });
    assertEquals([train.length, requests.length], [2, 2]);
    const annotations = `${where.cache}/datasets/oxford_iiit_pet/oxford-iiit-pet/annotations`;
    assertEquals([...Deno.readDirSync(annotations)].map(({ name }) => name).sort(), [
      "test.txt",
      "trainval.txt",
    ]);
    // The checksums of the downloaded lists are known.
    await Deno.writeTextFile(`${annotations}/test.txt`, "Abyssinian_1 1 1 1\n");
    await assertRejects(() => loadReds(dataset, where), InputError, "test.txt: its checksum is");
  });
});

const lists: [string, string][] = [
  [
    "Abyssinian_1 1 1\n",
    'trainval.txt:1: found "Abyssinian_1 1 1", expected a line in the published form',
  ],
  ["../../etc/passwd_1 1 1 1\n", 'trainval.txt:1: found "../../etc/passwd_1'],
  ["Abyssinian_1 3 1 1\n", "trainval.txt: record 0 has the label 2"],
  ["Abyssinian_1 2 1 1\n", "Abyssinian_1 is of class 2, expected American Bulldog"],
  [
    "Abyssinian_1 1 1 1\n",
    "contains 1 and 1 images for training and validation, expected 2 and 1",
  ],
];

for (const [list, message] of lists) {
  Deno.test(`an invalid list of pets is rejected: ${message}`, async () =>
    await withMirror(pets, await files(list), async ({ dataset, where }) => {
      await assertRejects(() => loadReds(dataset, where), InputError, message);
    }));
}

Deno.test("an image that is damaged in the published archive is decoded as far as possible", async () => {
  const damaged = new URL("../fixtures/pictures/corrupt_mid.jpg", import.meta.url);
  const all = await files();
  const images = await tarGzOf({
    "images/Abyssinian_1.jpg": await Deno.readFile(damaged),
    "images/american_bulldog_3.jpg": plainPng([3, 0, 0]),
    "images/american_bulldog_20.jpg": plainPng([20, 0, 0]),
  });
  await withMirror(pets, { ...all, "images.tar.gz": images }, async ({ dataset, where }) => {
    const { train } = await loadReds(dataset, where);
    assertEquals(train.map(([, label]) => label).sort(), [0, 1]);
  });
});

Deno.test("there are 37 breeds and 7349 images", () => {
  const { classNames, sizes } = oxfordIiitPetOf().info;
  assertEquals(new Set(classNames).size, 37);
  assertEquals(classNames, classNames.toSorted());
  assertEquals(sizes.train + sizes.test, 7349);
});
