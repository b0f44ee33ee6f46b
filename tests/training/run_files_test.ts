import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { runFile, runIn } from "../../training/run_files.ts";
import { withFolder } from "../support/folder.ts";

Deno.test("a folder holds no run, one that has begun, or one that is saved", () =>
  withFolder(async (folder) => {
    const add = (file: Parameters<typeof runFile>[1]) =>
      Deno.writeTextFile(runFile(folder, file), "");
    assertEquals(await runIn(join(folder, "nothing")), "none");
    await add("config");
    assertEquals(await runIn(folder), "none");
    await add("metrics");
    assertEquals(await runIn(folder), "begun");
    // In the place of a checkpoint, but none.
    await Deno.mkdir(runFile(folder, "last"), { recursive: true });
    assertEquals(await runIn(folder), "begun");
    await add("previous");
    assertEquals(await runIn(folder), "saved");
  }));
