import { assertEquals } from "@std/assert";
import { callOf, shellQuoted } from "../../cli/command.ts";

Deno.test("suggested commands are called like the current one", () => {
  const calls = ["overfold init", "deno task init", "deno task train:safe"];
  assertEquals(
    calls.map((call) => callOf("datasets", call)),
    ["overfold datasets", "deno task datasets", "deno task datasets"],
  );
});

Deno.test("paths that a shell would split are quoted", () => {
  assertEquals(
    ["runs/a-1.yaml", "my photos", "it's", ""].map(shellQuoted),
    ["runs/a-1.yaml", "'my photos'", `'it'\\''s'`, "''"],
  );
});
