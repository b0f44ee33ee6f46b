/** Tests of the page of a comparison in Chromium, which `compare_test.ts` runs. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { ComparisonData } from "../../pages/compare/data.ts";
import { pageHtml } from "../../pages/page.ts";
import { openDetails, type Page, withPage } from "../support/browser.ts";
import { withFolder } from "../support/folder.ts";

const NONE = { standardError: null, t: null, p: null, interval: null, effect: null };

const variant = (name: string, trainingParameters: number) => ({
  name,
  settings: [{ key: "model.convolution", value: name }],
  runs: 1,
  diverged: 0,
  trainingParameters,
  foldedParameters: 99,
  macs: 4620,
  seconds: { mean: 61, sd: null },
  imagesPerSecond: { mean: 1234.5, sd: null },
  memory: 2 ** 28,
  reached: [{ target: 0.8, runs: 1, epoch: 2, seconds: 30.5 }],
});

const run = (variant: string, accuracy: number) => ({
  name: `${variant}-seed-0`,
  path: `runs/${variant}-seed-0`,
  variant,
  seed: 0,
  epochs: 3,
  values: { accuracy },
  seconds: 61,
  imagesPerSecond: 1234.5,
  memory: 2 ** 28,
  reached: [{ target: 0.8, epoch: 2, seconds: 30.5 }],
});

const curve = (name: string) => ({
  name,
  runs: 2,
  epochs: [1, 2, 3],
  mean: [0.5, 0.7, 0.9],
  low: [0.4, 0.6, 0.8],
  high: [0.6, 0.8, 1],
});

const DATA: ComparisonData = {
  comparison: {
    baseline: "conv",
    at: "last",
    seeds: [0],
    metrics: [{
      name: "accuracy",
      title: "accuracy",
      unit: "share",
      mode: "max",
      entries: [
        { variant: "conv", mean: 0.9, sd: null },
        {
          variant: "do_conv",
          mean: 0.91,
          sd: null,
          paired: {
            pairs: 1,
            difference: { mean: 0.01, sd: null, degreesOfFreedom: 0, ...NONE },
            wilcoxon: { count: 1, positiveRanks: 1, negativeRanks: 0, p: 1 },
            signTest: { positive: 1, negative: 0, zero: 0, p: 1 },
            adjustedP: null,
            pairsNeeded: null,
          },
        },
      ],
    }],
    variants: [variant("conv", 99), variant("do_conv", 261)],
    targetMetric: "accuracy",
    runs: [run("conv", 0.9), run("do_conv", 0.91)],
    diverged: [],
  },
  verdicts: ["one seed cannot distinguish <b>do_conv</b> from conv"],
  curves: [{
    title: "validation accuracy",
    unit: "share",
    variants: [curve("conv"), curve("do_conv")],
  }],
  config: "seed: 0\n",
  command: "deno task compare config.yaml",
};

async function withComparison(
  test: (page: Page) => Promise<void>,
  data: ComparisonData = DATA,
): Promise<void> {
  await withFolder(async (folder) => {
    const path = join(folder, "comparison.html");
    await Deno.writeTextFile(path, await pageHtml({ title: "Twins", page: "compare", data }));
    await withPage(`file://${path}`, test);
  });
}

const texts = (page: Page, selector: string) => page.locator(selector).allTextContents();

Deno.test("verdicts, sortable tables and the command are shown", () =>
  withComparison(async (page) => {
    assertEquals(await texts(page, "nav a"), [
      "Result",
      "Pairs",
      "Curves",
      "Time and size",
      "Runs",
      "Config",
    ]);
    assertEquals(await texts(page, "#result li"), [DATA.verdicts[0]]);
    const cells = await texts(page, "#result tbody tr:last-child td");
    assertEquals(cells, ["91.00 %", "+1.00", "–", "–", "–", "–", "–", "–"]);
    const first = () => texts(page, "#costs .table:first-of-type tbody th");
    assertEquals(await first(), ["conv", "do_conv"]);
    await page.click("#costs thead >> text=parameters");
    assertEquals(await first(), ["do_conv", "conv"]);
    assertEquals(await texts(page, "#config code"), [DATA.command]);
    assertEquals(await texts(page, "#config tbody td"), ["conv", "do_conv"]);
  }));

Deno.test("curves have bands, and pairs have a point per run", () =>
  withComparison(async (page) => {
    await page.locator("#curves canvas").first().waitFor();
    assertEquals(await texts(page, "#curves .value"), ["90 %", "90 %"]);
    await openDetails(page.locator("#curves summary").first());
    const heads = ["epoch", "conv", "conv, low", "conv, high"];
    assertEquals((await texts(page, "#curves thead th")).slice(0, 4), heads);
    assertEquals(await page.locator("#pairs canvas").count(), 2);
    for (const i of [0, 1]) await openDetails(page.locator("#pairs summary").nth(i));
    assertEquals(await texts(page, "#pairs tbody td"), ["90.00 %", "91.00 %", "+0.00", "+1.00"]);
  }));

Deno.test("if all runs diverged, the sections of pairs, curves and runs are omitted", () => {
  const { comparison } = DATA;
  const none = { runs: 0, diverged: 1, reached: [] };
  const data = {
    ...DATA,
    comparison: {
      ...comparison,
      ...{ runs: [], seeds: [] },
      variants: comparison.variants.map((variant) => ({ ...variant, ...none })),
    },
    verdicts: ["conv diverged: none of 1 run has a result"],
    curves: [],
  };
  return withComparison(async (page) => {
    assertEquals(await texts(page, "nav a"), ["Result", "Time and size", "Config"]);
    assertEquals(await texts(page, "#result li"), data.verdicts);
  }, data);
});

Deno.test("a narrow screen scrolls tables, not the page", () =>
  withComparison(async (page) => {
    await page.setViewportSize({ width: 320, height: 700 });
    // Charts follow the window's width one frame later.
    await page.waitForFunction("document.documentElement.scrollWidth <= 320");
  }));
