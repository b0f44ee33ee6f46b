/** Tests of the parts that pages share, in Chromium, which `kit_test.ts` runs. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { decodePng } from "../../files/formats/png.ts";
import { pageHtml } from "../../pages/page.ts";
import { openDetails, type Page, withPage } from "../support/browser.ts";
import type { KitData } from "./kit_page.ts";
import { withFolder } from "../support/folder.ts";

const DATA: KitData = {
  lead: "</script><b>bold & \u202eturned",
  rows: [
    { name: "b10", value: 2 },
    { name: "b9", value: null },
    { name: "a", value: 30 },
    { name: "c", value: 0.00001234 },
  ],
};

/** Writes the page to a file and opens it. */
async function withKit(test: (page: Page) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const page = { script: new URL("kit_page.ts", import.meta.url) };
    const path = join(folder, "kit.html");
    await Deno.writeTextFile(path, await pageHtml({ title: "A <kit> & more", page, data: DATA }));
    await withPage(`file://${path}`, test, { acceptDownloads: true });
  });
}

const texts = (page: Page, selector: string) => page.locator(selector).allTextContents();

Deno.test("untrusted text is escaped, and the contents list the sections", () =>
  withKit(async (page) => {
    assertEquals(await page.title(), "A <kit> & more");
    assertEquals(await texts(page, "h1"), ["A <kit> & more"]);
    assertEquals(await texts(page, ".lead"), ["</script><b>bold & \\u202eturned"]);
    assertEquals(await texts(page, "nav a"), ["Facts", "Charts", "Table"]);
    await page.click("nav a >> text=Table");
    assert(page.url().endsWith("#table"));
  }));

Deno.test("the page's content security policy blocks other scripts, styles and images", async () => {
  // Blocked loads are logged as errors.
  const refused = await assertRejects(() =>
    withKit(async (page) => {
      const blocked = await page.evaluate(`new Promise((resolve) => {
        const found = new Set();
        document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => {
          found.add(effectiveDirective);
          if (found.size === 3) resolve([...found].sort());
        });
        for (const tag of ["script", "style", "img"]) {
          const made = document.createElement(tag);
          if (tag === "img") made.src = "https://example.com/a.png";
          else made.textContent = "a { color: red }";
          document.body.append(made);
        }
      })`);
      assertEquals(blocked, ["img-src", "script-src-elem", "style-src-elem"]);
    })
  );
  assertStringIncludes(String(refused), "violates the following Content Security Policy");
});

Deno.test("a table can be sorted, with missing values last, searched and expanded", () =>
  withKit(async (page) => {
    const names = () => texts(page, "#table tbody th");
    assertEquals(await names(), ["b10", "b9", "a"]);
    await page.click("#table .rest");
    assertEquals(await names(), ["b10", "b9", "a", "c"]);
    assertEquals(await texts(page, "#table tbody td"), ["2", "–", "30", "1.23e-5"]);
    await page.click("#table thead >> text=value");
    assertEquals(await names(), ["a", "b10", "c", "b9"]);
    await page.click("#table thead >> text=value");
    assertEquals(await names(), ["c", "b10", "a", "b9"]);
    await page.focus("#table thead >> text=name");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    assertEquals(await names(), ["a", "b9", "b10", "c"]);
    await page.fill("#table input", "b 2");
    assertEquals(await names(), ["b10"]);
  }));

Deno.test("a chart can be read, zoomed and smoothed, and its lines hidden", () =>
  withKit(async (page) => {
    const values = () => texts(page, "#charts figure:first-of-type .value");
    await page.locator("#charts canvas").first().waitFor();
    assertEquals(await values(), ["1", "6"]);
    await page.focus("#charts .plot");
    await page.keyboard.press("Home");
    assertEquals(await values(), ["4", "8"]);
    await page.keyboard.press("ArrowRight");
    // The second line has no value there; its previous one is announced.
    assertEquals(await values(), ["3", "8"]);
    assertEquals(await page.textContent("#charts [role=status]"), "epoch 2, one 3, two 8");
    await page.keyboard.press("+");
    await page.keyboard.press("Escape");
    await page.click("#charts .legend >> text=two");
    assertEquals(
      await page.getAttribute("#charts li:nth-child(2) button", "aria-pressed"),
      "false",
    );
    await page.click("#charts >> text=Log scale");
    await page.locator("#charts input[type=range]").first().fill("0.5");
    await page.focus("#charts .plot");
    await page.keyboard.press("End");
    // The average of 4, 3, 2 and 1, weighted 1, 2, 4 and 8.
    assertEquals((await values())[0], "1.733");
  }));

Deno.test("a chart's numbers are in a table and can be saved as CSV and PNG", () =>
  withKit(async (page) => {
    await openDetails(page.locator("#charts summary").first());
    assertEquals(await texts(page, "#charts thead th"), [
      ...["epoch", "one", "one, low", "one, high", "two"],
    ]);
    assertEquals(await texts(page, "#charts tbody tr:nth-child(2) :is(th, td)"), [
      ...["2", "3", "2", "4", "–"],
    ]);
    const download = page.waitForEvent("download");
    await page.locator("#charts >> text=Save CSV").first().click();
    const file = await download;
    assertEquals(file.suggestedFilename(), "loss.csv");
    assertEquals(
      (await Deno.readTextFile(await file.path())).split("\r\n").slice(0, 3),
      ['"epoch","one","one, low","one, high","two"', "1,4,3,5,8", "2,3,2,4,"],
    );
    await page.emulateMedia({ colorScheme: "dark" });
    const picture = page.waitForEvent("download");
    await page.locator("#charts >> text=Save PNG").first().click();
    const png = await Deno.readFile(await (await picture).path());
    const { data, width, height } = await decodePng(png, (damage) => assertEquals(damage, ""));
    // On white, whatever the page's background, and wider than high.
    assertEquals([...data.slice(0, 3)], [255, 255, 255]);
    assert(width > height && height > 300);
  }));
