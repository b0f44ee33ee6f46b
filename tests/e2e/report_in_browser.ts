/** Tests of reports in Chromium, which `report_test.ts` runs. */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { accessibilityProblems, widthOn } from "../support/accessibility.ts";
import { openDetails, type Page, withPage } from "../support/browser.ts";
import { eventsOf, type JsonEvent, overfold, parseEvents, TINY, withTinyConfig } from "./cli.ts";

/** Colour images, and three points for each curve. */
const RGB = TINY.replace("channels: 2", "channels: 3").replace("epochs: 2", "epochs: 3");

const MULTI_LABEL = TINY.replace("name: synthetic,", "name: synthetic_multi_label,")
  .replace("training:\n", "training:\n  objective: multi_label\n");

/** Trains runs, given by name with their overrides, writes their report and opens it. */
function withReport(
  config: string,
  runs: Readonly<Record<string, readonly string[]>>,
  test: (page: Page, folder: string) => Promise<void>,
): Promise<void> {
  return withTinyConfig(async (folder) => {
    for (const [name, overrides] of Object.entries(runs)) {
      const set = [`name=${name}`, ...overrides].flatMap((override) => ["--set", override]);
      const trained = await overfold(folder, "train", "tiny.yaml", ...set);
      assertEquals(trained.code, 0, trained.error);
    }
    const folders = Object.keys(runs).map((name) => join("runs", name));
    const made = await overfold(folder, "report", ...folders, "--output", "report.html");
    assertEquals(made.code, 0, made.error);
    const { size } = await Deno.stat(join(folder, "report.html"));
    assert(size < 2 ** 21, `${size} bytes`);
    await withPage(`file://${join(folder, "report.html")}`, (page) => test(page, folder));
  }, config);
}

const texts = (page: Page, selector: string) => page.locator(selector).allTextContents();

/** The value beside a name in a section's facts. */
async function fact(page: Page, section: string, name: string): Promise<string> {
  return await page.textContent(`#${section} dt:text-is("${name}") + dd`) ?? "";
}

async function evaluated(folder: string, run: string): Promise<JsonEvent> {
  return (await eventsOf(folder, "eval", join("runs", run, "folded", "model.safetensors")))[0];
}

Deno.test("one run: the numbers match eval and the log, and images are shown", () =>
  withReport(RGB, { one: [] }, async (page, folder) => {
    const found = await evaluated(folder, "one");
    assertEquals(
      await fact(page, "classes", "accuracy"),
      `${(100 * Number(found.accuracy)).toFixed(2)} %`,
    );
    assertEquals(
      await fact(page, "calibration", "Expected calibration error"),
      `${(100 * Number(found.expectedCalibrationError)).toFixed(2)} %`,
    );
    const cells = await texts(page, ".matrix tbody td");
    assertEquals(cells.map(Number), (found.confusion as number[][]).flat());
    const wrong = Math.round(24 * (1 - Number(found.accuracy)));
    assertStringIncludes(
      await page.textContent("#mistakes") ?? "",
      `${wrong} of 24 images are wrong`,
    );
    assertEquals(await page.locator(".mistakes img").count(), Math.min(wrong, 24));
    assertEquals(
      await page.evaluate(`[...document.images].every((image) => image.naturalWidth === 8)`),
      true,
    );
    await page.selectOption("#mistakes select", { index: 1 });
    const sure = (await texts(page, ".mistakes .note")).map(parseFloat);
    assertEquals(sure, sure.toSorted((a, b) => b - a));

    const [log] = parseEvents(await Deno.readTextFile(join(folder, "runs/one/metrics.jsonl")))
      .filter(({ event, epoch }) => event === "epoch" && epoch === 2);
    await page.locator("#curves canvas").first().waitFor();
    await page.focus("#curves .plot");
    for (const key of ["Home", "ArrowRight"]) await page.keyboard.press(key);
    const said = await page.locator("#curves [role=status]").first().textContent() ?? "";
    const [, validation, training] = said.match(/^epoch 2, .* ([\d.]+), .* ([\d.]+)$/)!.map(Number);
    assertAlmostEquals(validation, Number(log.validLoss), 1e-3);
    assertAlmostEquals(training, Number(log.loss), 1e-3);

    assertStringIncludes(await page.textContent(".verified") ?? "", "on 24 validation images");
    assertEquals(await texts(page, ".sheet strong"), ["composed: 0.weight", "stored: 0.W"]);
    assertEquals(await page.locator(".kernels").first().locator("canvas").count(), 4);
    const command = await page.textContent("#environment code") ?? "";
    assertStringIncludes(command, "train runs/one/config.yaml");
    const again = await overfold(folder, ...command.replace(/^\S+ /, "").split(" "));
    assertEquals(again.code, 0, again.error);
    assertEquals(
      await Deno.readTextFile(join(folder, "runs/one-again/metrics.jsonl")),
      await Deno.readTextFile(join(folder, "runs/one/metrics.jsonl")),
    );
  }));

Deno.test("several runs: seeds form a band, differences are listed, and a selection applies everywhere", () =>
  withReport(
    RGB,
    {
      a: ["seed=0"],
      b: ["seed=1"],
      c: ["seed=0", "training.optimizer.learningRate=0.02"],
    },
    async (page, folder) => {
      assertEquals(await texts(page, "#runs tbody th"), ["a", "b", "c"]);
      assertEquals(await texts(page, "#runs tbody td:nth-child(2)"), [
        ...["learningRate 0.1", "learningRate 0.1", "learningRate 0.02"],
      ]);
      assertEquals(await texts(page, "#config > .table tbody th"), [
        ...["seed", "training.optimizer.learningRate"],
      ]);
      const legend = await texts(page, "#curves figure:first-of-type .legend li");
      assertEquals(legend.length, 4);
      assertStringIncludes(legend[0], "learningRate 0.1, validation");
      const losses = await Promise.all(["a", "b"].map(async (run) => {
        const text = await Deno.readTextFile(join(folder, "runs", run, "metrics.jsonl"));
        return parseEvents(text).filter(({ event }) => event === "epoch")
          .map(({ validLoss }) => Number(validLoss));
      }));
      await openDetails(page.locator("#curves summary").first());
      const row = (await texts(page, "#curves figure:first-of-type tbody tr:first-child td"))
        .slice(0, 3).map(Number);
      const [first, second] = losses.map(([loss]) => loss);
      [(first + second) / 2, Math.min(first, second), Math.max(first, second)]
        .forEach((value, i) => assertAlmostEquals(row[i], value, 1e-3));

      await page.selectOption("#calibration select", "2");
      const found = await evaluated(folder, "c");
      assertEquals(
        await fact(page, "classes", "accuracy"),
        `${(100 * Number(found.accuracy)).toFixed(2)} %`,
      );
      assertEquals(await fact(page, "environment", "Folder"), join("runs", "c"));
      assertEquals(await page.inputValue("#network select"), "2");
    },
  ));

Deno.test("a report is accessible in light and dark, by keyboard and on a phone", () =>
  withReport(RGB, { a: ["seed=0"], b: ["seed=1"] }, async (page) => {
    for (const summary of await page.locator("summary").all()) await openDetails(summary);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      assertEquals(await accessibilityProblems(page), [], colorScheme);
    }
    await page.emulateMedia({ media: "print" });
    assertEquals(await page.evaluate("getComputedStyle(document.body).color"), "rgb(26, 27, 34)");
    await page.emulateMedia({ media: "screen" });
    assertEquals(await widthOn(page, 320), 320);

    await page.reload();
    const order: string[] = [];
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press("Tab");
      order.push(await page.evaluate("document.activeElement.textContent || '-'"));
    }
    assertEquals(order.slice(0, 2), ["Skip to the contents", "Runs"]);
    assertEquals(order.slice(2, 9), [
      ...["Curves", "Config", "Evaluation and classes", "Calibration", "Mistakes", "Network"],
      "Environment and files",
    ]);
    await page.focus(".skip");
    await page.keyboard.press("Enter");
    assertEquals(await page.evaluate("document.activeElement.id"), "main");
  }));

Deno.test("a multi-label report shows the scores per class and the mistakes", () =>
  withReport(MULTI_LABEL, { many: [] }, async (page, folder) => {
    const found = await evaluated(folder, "many");
    assertEquals(
      await fact(page, "classes", "mAP"),
      `${(100 * Number(found.meanAveragePrecision)).toFixed(2)} %`,
    );
    assertEquals(await texts(page, "#classes thead th"), [
      ...["class", "images", "precision", "recall", "F1", "average precision"],
    ]);
    assertEquals(await page.locator(".matrix").count(), 0);
    assertStringIncludes(await page.textContent("#calibration") ?? "", "weighted by probabilities");
    assertStringIncludes(await page.textContent("#mistakes") ?? "", "of 24 images are wrong");
  }));
