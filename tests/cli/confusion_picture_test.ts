import { assert, assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import { confusionPicture } from "../../cli/confusion_picture.ts";

const CAPTION = { title: "best.safetensors on <pets>", result: "accuracy 75.00 %" };

Deno.test("the picture of a confusion matrix is one page that asks for nothing else", () => {
  const page = confusionPicture(
    { classNames: ["cat & co", "dog"], counts: [[3, 1], [0, 12345]] },
    CAPTION,
  );
  assertNotMatch(page, /<script|<link|<img|src=|href=|url\(|http/);
  assertStringIncludes(page, "<h1>best.safetensors on &lt;pets&gt;</h1>");
  assertStringIncludes(page, "<title>cat &amp; co predicted as dog: 1, 25.00 %</title>");
  assertStringIncludes(page, ">12k</text>");
  assertEquals(page.match(/<rect class="(right|wrong)"/g)?.length, 3);
});

Deno.test("a picture of many classes draws the counted cells alone", () => {
  const classNames = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
  const counts = classNames.map((_, i) => classNames.map((_, j) => Number(i === j)));
  const page = confusionPicture({ classNames, counts }, CAPTION);
  assertEquals(page.match(/<rect class="right"/g)?.length, 1000);
  assert(page.length < 300_000, `${page.length} letters`);
  assertNotMatch(page, /<text/);
});
