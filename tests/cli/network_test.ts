import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { TINY, withTinyConfig } from "../e2e/cli.ts";
import { run } from "../support/command_line.ts";

/** Whether network access is permitted; once revoked, it stays so for this module. */
const network = async () =>
  (await Deno.permissions.query({ name: "net", host: "127.0.0.1" })).state;

Deno.test("train revokes network access once the images are loaded", () =>
  withTinyConfig(async (folder) => {
    const config = join(folder, "tiny.yaml");
    const before = await run("train", config, "--set", "data.workers=0.5", "--output", folder);
    assertEquals([before.code, await network()], [2, "granted"]);
    const output = join(folder, "run");
    const set = ["--set", "training.epochs=1", "--set", "data.subset={train: 8}"];
    const { code, error } = await run("train", config, ...set, "--output", output);
    assertEquals([code, await network()], [0, "prompt"], error);
  }, TINY));
