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

Deno.test("small pictures get a network for them, large ones as large a network's as they are", () => {
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

Deno.test("few pictures are gone through more often, in smaller batches, and changed strongly", () => {
  const [few, many] = [SURVEY, large].map((survey) => ({
    ...recipeFor(survey),
    text: recipeText("p", "c.yaml", survey, recipeFor(survey)),
  }));
  assertEquals([few.epochs, few.batchSize, many.epochs, many.batchSize], [40, 16, 15, 128]);
  assertStringIncludes(few.text, "trivial_augment_wide");
  assertEquals(many.text.includes("trivial_augment_wide"), false);
});

Deno.test("what takes too long gets smaller pictures first, then fewer epochs", () => {
  const recipe = recipeFor(SURVEY);
  assertEquals(shorter(recipe, 600, SURVEY), undefined);
  assertEquals(shorter(recipe, 1000, SURVEY), { ...recipe, size: 160 });
  assertEquals(shorter(recipe, 1e6, SURVEY), { ...recipe, size: 64 });
  const small = { ...recipe, size: 64 };
  assertEquals(shorter(small, 1200, SURVEY), { ...small, epochs: 20 });
  assertEquals(shorter(small, 1e6, SURVEY), { ...small, epochs: 3 });
  assertEquals(shorter({ ...small, epochs: 3 }, 1e6, SURVEY), undefined);
  // More pictures may take longer.
  assertEquals(shorter(recipeFor(large), 3600, large), undefined);
});

Deno.test("decoded pictures are kept in memory where all take no more than a quarter of it", () => {
  const cacheOf = (survey: ImagesSurvey, memory: number) => {
    const text = recipeText("p", "c.yaml", survey, recipeFor(survey), undefined, memory);
    return parseConfig(text, "c.yaml").config.data.cache;
  };
  // Small ones at the size of training, which no draw changes before; others as they are in their files.
  const small = { ...SURVEY, typical: [40, 50] } as const;
  for (
    const [survey, bytes] of [[small, 200 * 32 * 32 * 3], [SURVEY, 200 * 300 * 400 * 3]] as const
  ) {
    assertEquals(cacheOf(survey, 4 * bytes), "memory");
    assertEquals(cacheOf(survey, 4 * bytes - 1), "none");
  }
  assertEquals(cacheOf(SURVEY, Infinity), "none");
});

Deno.test("the config says what it is for, of grey pictures too, and every line is short", () => {
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
