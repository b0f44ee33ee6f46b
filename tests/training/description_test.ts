import { assertEquals } from "@std/assert";
import { isDescription } from "../../networks/network.ts";
import { describeNetwork } from "../../training/description.ts";

const IMAGES = {
  imageShape: { height: 4, width: 5, channels: 1 },
  statistics: { mean: [0.5], std: [0.25] },
  classNames: ["a", "b"],
};
const COMMON = {
  model: "small",
  input: IMAGES.imageShape,
  normalization: IMAGES.statistics,
  classNames: IMAGES.classNames,
};

Deno.test("the description of a network of one class per image has no activation or threshold", () => {
  const description = describeNetwork("small", IMAGES, "classification");
  assertEquals(JSON.stringify(description), JSON.stringify(COMMON));
});

Deno.test("the description of a network of several classes per image has its activation and threshold", () => {
  const usual = describeNetwork("small", IMAGES, "multi_label");
  assertEquals(usual, { ...COMMON, activation: "sigmoid" });
  const own = describeNetwork("small", IMAGES, { name: "multi_label", threshold: 0.3 });
  assertEquals(own, { ...usual, threshold: 0.3 });
  assertEquals(isDescription(own), true);
  assertEquals(isDescription({ ...own, threshold: 1 }), false);
});
