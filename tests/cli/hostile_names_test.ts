/** Names in files that would steer a terminal or a page. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { run } from "../support/command_line.ts";
import { withFolder } from "../support/folder.ts";

const NETWORK = fromFileUrl(
  new URL("../checkpoints/hostile/escape_class_names.safetensors", import.meta.url),
);
const PICTURE = new URL("../fixtures/pictures/base.png", import.meta.url);
// deno-lint-ignore no-control-regex
const STEERING = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

Deno.test("names of classes and files reach the terminal with their control characters spelled", () =>
  withFolder(async (folder) => {
    const picture = join(folder, "a\x1b[31m.png");
    await Deno.copyFile(PICTURE, picture);
    for (const options of [[], ["--format", "csv"], ["--json"]]) {
      const { code, out, error } = await run("predict", NETWORK, picture, ...options);
      assertEquals(code, 0, error);
      assertStringIncludes(out, "pwned");
      assertStringIncludes(out, "a\\u001b[31m.png");
      assertEquals(STEERING.test(out + error), false);
    }
    const missing = await run("inspect", join(folder, "none\x1b[2J\u202e.safetensors"));
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.error, "none\\u001b[2J\\u202e.safetensors");
  }));

Deno.test("a page shows them spelled too", () =>
  withFolder(async (folder) => {
    const { code, error } = await run("site", NETWORK, "--output", folder);
    assertEquals(code, 0, error);
    const card = JSON.parse(await Deno.readTextFile(join(folder, "card.json")));
    assertEquals(card.classNames[0], "\\u001b]0;pwned\\u0007\\u001b[31mred");
  }));
