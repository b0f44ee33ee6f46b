/** Tests of a dashboard in Chromium, which `dashboard_test.ts` runs. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { serveDashboard } from "../../cli/dashboard/server.ts";
import { accessibilityProblems, widthOn } from "../support/accessibility.ts";
import { type Page, withPage } from "../support/browser.ts";
import { withFolder } from "../support/folder.ts";
import { holdRun, logEpoch, writeRun } from "../support/synthetic_runs.ts";

/** Serves a dashboard of a folder that `fill` fills, and opens it. */
function withDashboard(
  fill: (folder: string) => Promise<Disposable | void>,
  test: (page: Page, folder: string) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    using _held = await fill(folder) ?? undefined;
    await using dashboard = serveDashboard({ root: folder, reportCall: "overfold report" });
    // Charts are drawn when they become visible: in a high viewport all are.
    const viewport = { width: 1280, height: 4000 };
    await withPage(dashboard.url, (page) => test(page, folder), { viewport });
  });
}

/** An unfinished run and the two runs of a comparison. */
async function fillThree(folder: string): Promise<void> {
  await writeRun(join(folder, "live"), { epochs: 9, logged: 2 });
  for (const [convolution, learningRate] of [["conv", 0.2], ["rep_vgg", 0.05]] as const) {
    await writeRun(join(folder, "compare", `${convolution}-seed-0`), { convolution, learningRate });
  }
}

const texts = (page: Page, selector: string) => page.locator(selector).allTextContents();
const names = (page: Page) => texts(page, "#runs tbody button");

/** Waits until an element has this text. A page that becomes visible updates at once. */
async function until(page: Page, selector: string, text: string): Promise<void> {
  await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
  await page.locator(selector).filter({ hasText: text }).first().waitFor();
}

Deno.test("new log entries update the page, which keeps its charts and focus", () =>
  withDashboard(async (folder) => {
    await fillThree(folder);
    return await holdRun(join(folder, "live"));
  }, async (page, folder) => {
    await logEpoch(join(folder, "live"), 3);
    await until(page, "#runs tr:has-text('live')", "running");
    // By default, running runs are shown.
    await page.locator("#curves canvas").first().waitFor();
    assertEquals(await page.locator("#runs input:checked").count(), 1);
    await until(page, "#runs tr:has-text('live')", "3.00 %");
    await page.focus("#runs input:checked");
    const accuracy = "figure:has(strong:text-is('Accuracy'))";
    await until(page, `${accuracy} .value`, "3.00 %");
    await page.evaluate(
      "document.querySelectorAll('figure').forEach((one) => one.dataset.same = 'yes')",
    );
    await logEpoch(join(folder, "live"), 4);
    await until(page, `${accuracy} .value`, "4.00 %");
    await until(page, "#runs tr:has-text('live')", "4.00 %");
    assertEquals(await page.getAttribute(accuracy, "data-same"), "yes");
    assertEquals(
      await page.evaluate("document.activeElement.getAttribute('aria-label')"),
      "Show live",
    );
    await page.locator(`${accuracy} summary`).click();
    assertEquals((await texts(page, `${accuracy} tbody tr`)).length, 4);
    // An incomplete line is ignored until it ends.
    const log = join(folder, "live", "metrics.jsonl");
    await Deno.writeTextFile(log, '{"event":"epoch","epoch":5,', { append: true });
    await Deno.writeTextFile(
      log,
      '"step":50,"loss":0.2,"accuracy":0.5,"validLoss":0.1,"validAccuracy":0.77}\n',
      { append: true },
    );
    await until(page, `${accuracy} .value`, "77.00 %");
  }));

Deno.test("runs can be searched, sorted by any key and shown side by side", () =>
  withDashboard(fillThree, async (page) => {
    await until(page, "#runs", "rep_vgg-seed-0");
    await page.fill("#runs input[type=search]", "convolution=rep optimizer.name=sgd");
    assertEquals(await names(page), ["compare/rep_vgg-seed-0"]);
    await page.fill("#runs input[type=search]", "");
    await page.selectOption("#runs select", "data.batchSize");
    assertStringIncludes((await texts(page, "#runs thead button")).join(), "data.batchSize");
    const rate = "#runs thead button:text-is('training.optimizer.learningRate')";
    await page.click(rate);
    assertEquals(await names(page), ["compare/conv-seed-0", "live", "compare/rep_vgg-seed-0"]);
    await page.focus(rate);
    await page.keyboard.press("Enter");
    assertEquals(await names(page), ["compare/rep_vgg-seed-0", "live", "compare/conv-seed-0"]);

    await page.click("#runs button:text-is('compare/conv-seed-0')");
    await until(page, "#config", "All keys");
    await page.check("#runs input[aria-label='Show compare/rep_vgg-seed-0']");
    await until(page, "#config", "Keys in which the runs differ");
    await page.locator("#curves figure:first-of-type .legend li").nth(3).waitFor();
    const legend = await texts(page, "#curves figure:first-of-type .legend li");
    assertStringIncludes(legend.join(), "convolution conv, learningRate 0.2");
    // The URL keeps the selection.
    await page.reload();
    await until(page, "#config", "Keys in which the runs differ");
    assertEquals(await page.locator("#runs input:checked").count(), 2);

    await page.click("text=Read the best checkpoints");
    await until(page, "#checkpoints", "the run has no checkpoint yet");
    assertStringIncludes(await page.textContent("#environment") ?? "", "metrics.jsonl");
    await page.click("text=Show none");
    await until(page, "#curves", "Select a run");
  }));

Deno.test("a dashboard is accessible in light and dark, by keyboard and on a phone", () =>
  withDashboard(fillThree, async (page) => {
    await page.locator("#curves canvas").first().waitFor();
    await page.check("#runs input[aria-label='Show live']");
    await page.check("#runs input[aria-label='Show compare/conv-seed-0']");
    await until(page, "#config", "Keys in which the runs differ");
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      assertEquals(await accessibilityProblems(page), [], colorScheme);
    }
    assertEquals(await widthOn(page, 320), 320);
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.reload();
    await until(page, "#runs", "live");
    const order: string[] = [];
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press("Tab");
      order.push(
        await page.evaluate(
          "document.activeElement.getAttribute('aria-label') ?? document.activeElement.localName",
        ),
      );
    }
    assertEquals(order.slice(5, 8), [
      "select",
      "button",
      "Search: Runs; selected runs are shown below",
    ]);
  }));

Deno.test("deleted runs disappear, new ones appear, and a stopped server is reported", () =>
  withFolder(async (folder) => {
    await writeRun(join(folder, "a"));
    const dashboard = serveDashboard({ root: folder, reportCall: "overfold report" });
    let hasEnded = false;
    try {
      await withPage(dashboard.url, async (page) => {
        await until(page, "#runs", "finished");
        await writeRun(join(folder, "b"), { logged: 0 });
        await until(page, "#runs tr:has-text('b')", "stopped");
        await Deno.remove(join(folder, "a"), { recursive: true });
        await page.locator("#runs button:text-is('a')").waitFor({ state: "detached" });
        await dashboard[Symbol.asyncDispose]();
        hasEnded = true;
        await until(page, "header [role=status]", "the server has stopped");
      });
    } catch (error) {
      // The browser logs the refused connection.
      assertStringIncludes(String(error), "ERR_CONNECTION_REFUSED");
    } finally {
      if (!hasEnded) await dashboard[Symbol.asyncDispose]();
    }
    assert(hasEnded);
  }));
