import { assertEquals, assertThrows } from "@std/assert";
import { PathList } from "../../datasets/paths.ts";
import { InputError } from "../../errors.ts";

Deno.test("paths lie in shared memory, of any letters and any number", () => {
  // Blocks of a MiB, in some of which a path does not fit behind the others.
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

Deno.test("a path longer than any is refused", () => {
  assertThrows(() => new PathList().add("x".repeat(2 ** 21)), InputError, "exceed 4 GiB");
});
