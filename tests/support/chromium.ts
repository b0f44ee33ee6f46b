/** Tests of pages in Chromium. */
import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

/** Usual paths of Chromium; `OVERFOLD_CHROMIUM` sets another. */
const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/**
 * Registers a test that runs the tests in the file at `url`, which open pages with `browser.ts`, in
 * a separate process: the library that drives the browser needs every permission.
 */
export function testInChromium(name: string, url: URL): void {
  const chromium = Deno.env.get("OVERFOLD_CHROMIUM") ?? PATHS.find(exists);
  if (chromium === undefined) {
    console.warn(`NOT TESTED: ${name}. Install chromium, or set OVERFOLD_CHROMIUM`);
  }
  Deno.test({
    name,
    ignore: chromium === undefined,
    async fn() {
      const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
      const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["test", "--config", config, "--no-check", "--allow-all", fromFileUrl(url)],
        env: { NO_COLOR: "1", OVERFOLD_CHROMIUM: chromium ?? "" },
      }).output();
      const decoder = new TextDecoder();
      assertEquals(code, 0, decoder.decode(stdout) + decoder.decode(stderr));
    },
  });
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
