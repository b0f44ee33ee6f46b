import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { food101Of } from "../../datasets/food101.ts";
import { InputError } from "../../errors.ts";
import { plainPng } from "../support/pictures.ts";
import { loadReds, tarGzOf, withMirror } from "../support/published.ts";

const food = food101Of(["apple_pie", "waffles"], { train: 2, test: 1 });

const files = async (train = "apple_pie/10\nwaffles/30\n") => ({
  "food-101.tar.gz": await tarGzOf({
    "food-101/meta/classes.txt": "apple_pie\nwaffles\n",
    "food-101/meta/train.txt": train,
    "food-101/meta/test.txt": "apple_pie/20\n",
    "food-101/images/apple_pie/10.jpg": plainPng([10, 0, 0]),
    "food-101/images/apple_pie/20.jpg": plainPng([20, 0, 0]),
    "food-101/images/waffles/30.jpg": plainPng([30, 0, 0]),
  }),
});

Deno.test("the lists give the sets and classes of dishes", async () => {
  await withMirror(food, await files(), async ({ dataset, where, requests }) => {
    const all = { train: [[10, 0], [30, 1]], test: [[20, 0]] };
    assertEquals<unknown>(await loadReds(dataset, where), all);
    assertEquals<unknown>(await loadReds(dataset, { ...where, download: false }), all);
    const root = join(where.cache, "datasets", "food101", "food-101");
    assertEquals<unknown>(await loadReds(dataset, { root }), all);
    assertEquals(requests.length, 1);
  });
});

Deno.test("a list with an invalid line or unknown class is rejected by name", async () => {
  const refused = [
    ["apple_pie/../../x\n", 'train.txt:1: found "apple_pie/../../x"'],
    ["soup/1\n", 'train.txt: found the class "soup", which is not a class of food101'],
  ];
  for (const [list, message] of refused) {
    await withMirror(food, await files(list), async ({ dataset, where }) => {
      await assertRejects(() => loadReds(dataset, where), InputError, message);
    });
  }
});

Deno.test("a missing image is reported before training", async () => {
  await withMirror(food, await files("apple_pie/10\nwaffles/31\n"), async ({ dataset, where }) => {
    await assertRejects(() => loadReds(dataset, where), InputError, "images/waffles/31.jpg");
  });
});

Deno.test("there are 101 dishes, in torchvision's order", () => {
  const { classNames } = food101Of().info;
  assertEquals(new Set(classNames).size, 101);
  assertEquals(classNames, classNames.toSorted());
});
