import { assert, assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import { confusionPicture } from "../../cli/confusion_picture.ts";

const CAPTION = { title: "best.safetensors on <pets>", result: "accuracy 75.00 %" };

Deno.test("the page of a confusion matrix is self-contained and escapes names", () => {
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

Deno.test("with many classes, only nonzero cells are drawn", () => {
  const classNames = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
  const counts = classNames.map((_, i) => classNames.map((_, j) => Number(i === j)));
  const page = confusionPicture({ classNames, counts }, CAPTION);
  assertEquals(page.match(/<rect class="right"/g)?.length, 1000);
  assert(page.length < 300_000, `${page.length} letters`);
  assertNotMatch(page, /<text/);
});
