import { assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { InputError } from "../../errors.ts";
import { expandBraces, glob } from "../../files/glob.ts";
import { withFolder } from "../support/folder.ts";

Deno.test("braces are expanded as in shells", () => {
  assertEquals(expandBraces("a{b,}c"), ["abc", "ac"]);
  assertEquals(expandBraces("{x,y}-{09..11}"), [
    "x-09",
    "x-10",
    "x-11",
    "y-09",
    "y-10",
    "y-11",
  ]);
  assertEquals(expandBraces("{3..1}"), ["3", "2", "1"]);
  assertEquals(expandBraces("a{"), ["a{"]);
  assertThrows(() => expandBraces("{1..999}{1..999}"), InputError, "more than 100,000 files");
});

Deno.test("a pattern matches names, folders and any depth, but no hidden files", async () => {
  await withFolder(async (root) => {
    for (
      const path of ["a/1.png", "a/b/2.png", "a/b/c/x+y.png", "a/.h/3.png", "a/[.jpg", ".b/4.png"]
    ) {
      await Deno.mkdir(join(root, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(root, path), "");
    }
    const found = async (pattern: string) =>
      (await Array.fromAsync(glob(`${root}/${pattern}`)))
        .map((path) => path.slice(root.length + 1).replaceAll("\\", "/")).sort();
    assertEquals(await found("a/*.png"), ["a/1.png"]);
    assertEquals(await found("*/b/[0-9].png"), ["a/b/2.png"]);
    assertEquals(await found("*/b/[!0-9].png"), []);
    assertEquals(await found("**/*.png"), ["a/1.png", "a/b/2.png", "a/b/c/x+y.png"]);
    assertEquals(await found("**/?+y.png"), ["a/b/c/x+y.png"]);
    assertEquals(await found("a/.h/*"), ["a/.h/3.png"]);
    assertEquals(await found("a/[.*"), ["a/[.jpg"]);
    assertEquals(await found("none/*.png"), []);
    assertEquals(await found("a/1.png/*"), []);
  });
});
