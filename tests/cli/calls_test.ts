import { assertEquals } from "@std/assert";
import { callOf, shellQuoted } from "../../cli/command.ts";

Deno.test("a command is advised as this one was called", () => {
  const calls = ["overfold init", "deno task init", "deno task train:safe"];
  assertEquals(
    calls.map((call) => callOf("datasets", call)),
    ["overfold datasets", "deno task datasets", "deno task datasets"],
  );
});

Deno.test("a path that a shell would take apart is quoted", () => {
  assertEquals(
    ["runs/a-1.yaml", "my photos", "it's", ""].map(shellQuoted),
    ["runs/a-1.yaml", "'my photos'", `'it'\\''s'`, "''"],
  );
});
