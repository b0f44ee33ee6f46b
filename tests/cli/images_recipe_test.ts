import { assertEquals, assertStringIncludes } from "@std/assert";
import { recipeFor, recipeText, shorter } from "../../cli/images_recipe.ts";
import type { ImagesSurvey } from "../../cli/images_survey.ts";
import { parseConfig } from "../../config/load.ts";

const SURVEY: ImagesSurvey = {
  dataset: { name: "image_folder", root: "photos: mine" },
  classNames: ["cat", "dog"],
  sizes: { train: 160, test: 40 },
  fewest: 30,
  typical: [300, 400],
  isOneSize: false,
  isGrey: false,
  broken: [],
};

const large: ImagesSurvey = { ...SURVEY, sizes: { train: 50_000, test: 10_000 } };

Deno.test("small images get a CIFAR network, larger ones a ResNet at a fitting input size", () => {
  const networkOf = (typical: readonly [number, number]) => {
    const survey = { ...SURVEY, typical };
    const recipe = recipeFor(survey);
    const { config } = parseConfig(recipeText("p", "c.yaml", survey, recipe), "c.yaml");
    return [recipe.size, config.model.name];
  };
  assertEquals(networkOf([28, 28]), [32, "cifar_resnet20_v1"]);
  assertEquals(networkOf([63, 90]), [32, "cifar_resnet20_v1"]);
  assertEquals(networkOf([64, 64]), [64, "resnet18"]);
  assertEquals(networkOf([480, 150]), [128, "resnet18"]);
  assertEquals(networkOf([3000, 4000]), [224, "resnet18"]);
});

Deno.test("few images mean more epochs, smaller batches and stronger augmentation", () => {
  const [few, many] = [SURVEY, large].map((survey) => ({
    ...recipeFor(survey),
    text: recipeText("p", "c.yaml", survey, recipeFor(survey)),
  }));
  assertEquals([few.epochs, few.batchSize, many.epochs, many.batchSize], [40, 16, 15, 128]);
  assertStringIncludes(few.text, "trivial_augment_wide");
  assertEquals(many.text.includes("trivial_augment_wide"), false);
});

Deno.test("a recipe that takes too long gets smaller images first, then fewer epochs", () => {
  const recipe = recipeFor(SURVEY);
  assertEquals(shorter(recipe, 600, SURVEY), undefined);
  assertEquals(shorter(recipe, 1000, SURVEY), { ...recipe, size: 160 });
  assertEquals(shorter(recipe, 1e6, SURVEY), { ...recipe, size: 64 });
  const small = { ...recipe, size: 64 };
  assertEquals(shorter(small, 1200, SURVEY), { ...small, epochs: 20 });
  assertEquals(shorter(small, 1e6, SURVEY), { ...small, epochs: 3 });
  assertEquals(shorter({ ...small, epochs: 3 }, 1e6, SURVEY), undefined);
  // A larger dataset may take longer.
  assertEquals(shorter(recipeFor(large), 3600, large), undefined);
});

Deno.test("decoded images are cached in memory if they fit into a quarter of it", () => {
  const cacheOf = (survey: ImagesSurvey, memory: number) => {
    const text = recipeText("p", "c.yaml", survey, recipeFor(survey), undefined, memory);
    return parseConfig(text, "c.yaml").config.data.cache;
  };
  // Small images are cached resized, as no random transform precedes that; others at their own size.
  const small = { ...SURVEY, typical: [40, 50] } as const;
  for (
    const [survey, bytes] of [[small, 200 * 32 * 32 * 3], [SURVEY, 200 * 300 * 400 * 3]] as const
  ) {
    assertEquals(cacheOf(survey, 4 * bytes), "memory");
    assertEquals(cacheOf(survey, 4 * bytes - 1), "none");
  }
  assertEquals(cacheOf(SURVEY, Infinity), "none");
});

Deno.test("the config explains itself in short lines, for grey images too", () => {
  const survey = { ...SURVEY, isGrey: true };
  const timing = { seconds: 125, backend: "CPU, 2 threads" };
  const text = recipeText("photos: mine", "c.yaml", survey, recipeFor(survey), timing);
  assertEquals(text.split("\n").filter((line) => line.length > 100), []);
  for (const said of ["about 2 min 05 s", "CPU, 2 threads", "400 × 300", "160 for training"]) {
    assertStringIncludes(text.replaceAll(/\s+(# )?/g, " "), said);
  }
  const { config } = parseConfig(text, "c.yaml");
  const dataset = config.data.dataset as { readonly root: string; readonly channels: number };
  assertEquals([dataset.root, dataset.channels], ["photos: mine", 1]);
});
