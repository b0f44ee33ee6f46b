import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { testInChromium } from "../support/chromium.ts";
import { overfold, withTinyConfig } from "./cli.ts";

const CHECKPOINT = join("runs", "tiny", "checkpoints", "best.safetensors");

testInChromium(
  "the page in Chromium classifies as predict does, and takes pictures and drawings",
  new URL("site_in_browser.ts", import.meta.url),
);

Deno.test("site asks for a folder, and refuses what is no picture", () =>
  withTinyConfig(async (folder) => {
    const trained = await overfold(folder, "train", "tiny.yaml");
    assertEquals(trained.code, 0, trained.error);
    const unnamed = await overfold(folder, "site", CHECKPOINT);
    assertEquals(unnamed.code, 2);
    assertStringIncludes(unnamed.error, "--output is missing");
    const twoChannels = await overfold(folder, "site", CHECKPOINT, "--output", "site");
    assertEquals(twoChannels.code, 2);
    assertStringIncludes(twoChannels.error, "this network needs images of 2");
  }));
