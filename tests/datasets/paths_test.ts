import { assertEquals, assertThrows } from "@std/assert";
import { PathList } from "../../datasets/paths.ts";
import { InputError } from "../../errors.ts";

Deno.test("paths of any characters and number are in shared memory", () => {
  // Blocks have a MiB; not every path fits behind the previous one.
  const long = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(400_000));
  const names = ["a.png", "", "ä/𝒳.png", ...long, "", "b.png"];
  const list = new PathList();
  names.forEach((name) => list.add(name));
  const paths = list.done("root");
  assertEquals(paths.count, names.length);
  assertEquals(names.map((_, i) => paths.relative(i)), names);
  assertEquals(paths.at(0), "root/a.png");
  const { blocks, ends } = paths.handle;
  assertEquals([...blocks, ends].every(({ buffer }) => buffer instanceof SharedArrayBuffer), true);
});

Deno.test("an impossibly long path is rejected", () => {
  assertThrows(() => new PathList().add("x".repeat(2 ** 21)), InputError, "exceed 4 GiB");
});
