import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { runFile, runIn } from "../../training/run_files.ts";
import { withFolder } from "../support/folder.ts";

Deno.test("a folder contains no run, one that has begun, or one with a checkpoint", () =>
  withFolder(async (folder) => {
    const add = (file: Parameters<typeof runFile>[1]) =>
      Deno.writeTextFile(runFile(folder, file), "");
    assertEquals(await runIn(join(folder, "nothing")), "none");
    await add("config");
    assertEquals(await runIn(folder), "none");
    await add("metrics");
    assertEquals(await runIn(folder), "begun");
    // A folder in the place of a checkpoint.
    await Deno.mkdir(runFile(folder, "last"), { recursive: true });
    assertEquals(await runIn(folder), "begun");
    await add("previous");
    assertEquals(await runIn(folder), "saved");
  }));
