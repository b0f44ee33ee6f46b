import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { testInChromium } from "../support/chromium.ts";
import { overfold, withTinyConfig } from "./cli.ts";

const CHECKPOINT = join("runs", "tiny", "checkpoints", "best.safetensors");

testInChromium(
  "in Chromium, the page classifies images and drawings as predict does",
  new URL("site_in_browser.ts", import.meta.url),
);

Deno.test("site requires a folder and a network for images", () =>
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
