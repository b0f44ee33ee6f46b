/** Opens pages in Chromium, at the path in `OVERFOLD_CHROMIUM`; for tests that `chromium.ts` runs. */
import { assertEquals } from "@std/assert";
import {
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
} from "npm:playwright-core@1.65.1";

export type { Page };

/**
 * Opens the page at `url` and calls `test`. Fails if the page requests anything from elsewhere or
 * logs an error.
 */
export async function withPage(
  url: string,
  test: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const profile = await Deno.makeTempDir();
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: Deno.env.get("OVERFOLD_CHROMIUM"),
    args: [
      "--no-sandbox",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--enable-unsafe-webgpu",
    ],
    ...options,
  });
  try {
    const page = await browser.newPage();
    const [home] = url.split("?");
    const mistakes: string[] = [];
    page.on("pageerror", ({ message }) => mistakes.push(message));
    page.on("console", (line) => line.type() === "error" && mistakes.push(line.text()));
    page.on("request", (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(home)) {
        mistakes.push(`asked for ${request.url()}`);
      }
    });
    await page.goto(url);
    await test(page);
    assertEquals(mistakes, []);
  } finally {
    await browser.close();
    await Deno.remove(profile, { recursive: true });
  }
}

/** Opens a summary's details: pages make a table of numbers when the browser reports that it is open. */
export async function openDetails(summary: Locator): Promise<void> {
  await summary.click();
  await summary.locator("xpath=following-sibling::*").first().waitFor();
}
