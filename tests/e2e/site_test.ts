import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { overfold, withTinyConfig } from "./cli.ts";

/** Where Chromium is wont to be; `OVERFOLD_CHROMIUM` names another place. */
const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const CHROMIUM = Deno.env.get("OVERFOLD_CHROMIUM") ?? PATHS.find(exists);
if (CHROMIUM === undefined) {
  console.warn("NOT TESTED: the page in a browser. Install chromium, or set OVERFOLD_CHROMIUM");
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

const CHECKPOINT = join("runs", "tiny", "checkpoints", "best.safetensors");

Deno.test({
  name: "the page in Chromium classifies as predict does, and takes pictures and drawings",
  ignore: CHROMIUM === undefined,
  async fn() {
    const tests = fromFileUrl(new URL("site_in_browser.ts", import.meta.url));
    const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--config", config, "--no-check", "--allow-all", tests],
      env: { NO_COLOR: "1", OVERFOLD_CHROMIUM: CHROMIUM ?? "" },
    }).output();
    const decoder = new TextDecoder();
    assertEquals(code, 0, decoder.decode(stdout) + decoder.decode(stderr));
  },
});

Deno.test("site asks for a folder, and refuses what is no picture", () =>
  withTinyConfig(async (folder) => {
    const trained = await overfold(folder, "train", "tiny.yaml");
    assertEquals(trained.code, 0, trained.error);
    const unnamed = await overfold(folder, "site", CHECKPOINT);
    assertEquals(unnamed.code, 2);
    assertStringIncludes(unnamed.error, "--output is missing");
    const twoChannels = await overfold(folder, "site", CHECKPOINT, "--output", "site");
    assertEquals(twoChannels.code, 2);
    assertStringIncludes(twoChannels.error, "this network takes images of 2");
  }));
