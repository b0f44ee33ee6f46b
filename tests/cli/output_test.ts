/** Commands check whether they can write before they do anything else. */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { checkOutput } from "../../cli/output.ts";
import { InputError } from "../../errors.ts";
import { run } from "../support/command_line.ts";
import { withFolder } from "../support/folder.ts";

/** Commands whose other arguments name missing files. */
const COMMANDS: Record<string, (output: string) => string[]> = {
  "export to ONNX": (output) => ["export", "none.safetensors", "--output", output],
  "export for the authors": (
    output,
  ) => ["export", "none.safetensors", "--format", "authors", "--output", output],
  import: (output) => ["import", "none.safetensors", "--model", "resnet18", "--output", output],
  "eval --confusion": (output) => ["eval", "none.safetensors", "--confusion", `${output}.csv`],
};

for (const [name, args] of Object.entries(COMMANDS)) {
  Deno.test(`${name} checks its output first, without changing it`, () =>
    withFolder(async (folder) => {
      const [file, pipe] = [join(folder, "file"), join(folder, "pipe.csv")];
      await Deno.writeTextFile(file, "mine");
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      for (
        const [output, complaint] of [
          [join(file, "below"), "cannot be written: Not a directory"],
          [join(folder, "new"), "none.safetensors: no such file"],
          [pipe.slice(0, -".csv".length), "none.safetensors: no such file"],
        ]
      ) {
        const { code, error } = await run(...args(output));
        assertEquals(code, 2);
        assertStringIncludes(error, complaint);
      }
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
        "file",
        "pipe.csv",
      ]);
    }));
}

Deno.test("site checks its folder first and overwrites only its own files", () =>
  withFolder(async (folder) => {
    const site = (output: string) => run("site", "none.safetensors", "--output", output);
    const style = join(folder, "style.css");
    await Deno.writeTextFile(style, "mine");
    assertStringIncludes((await site(style)).error, "is a file; expected a folder");
    const foreign = await site(folder);
    assertEquals(foreign.code, 2);
    assertStringIncludes(foreign.error, `${style} would be overwritten`);
    await Deno.writeTextFile(join(folder, "card.json"), "{}");
    assertStringIncludes((await site(folder)).error, "none.safetensors: no such file");
    assertEquals(await Deno.readTextFile(style), "mine");
  }));

Deno.test("outputs that are not files or have another kind's extension are rejected first", () =>
  withFolder(async (folder) => {
    const [file, link] = [join(folder, "file"), join(folder, "link")];
    await Deno.writeTextFile(file, "mine");
    await Deno.symlink("nothing", link);
    const expected: readonly (readonly [string, string, ...string[]])[] = [
      ["is a folder", "init", folder],
      ["is a dangling link", "init", link],
      ["end the name in .yaml", "init", join(folder, "new.onnx")],
      ["cannot be written to standard output", "init", "-"],
      ["cannot be written to standard output", "export", "none.safetensors", "--output", "-"],
      ["cannot be written to standard output", "site", "none.safetensors", "--output", "-"],
      ["end the name in .onnx", "export", "none.safetensors", "--output", `${file}.safetensors`],
      ["is a file; expected a folder", "site", "none.safetensors", "--output", file],
      ["is the name of a folder", "init", join(folder, "new/")],
    ];
    for (const [complaint, ...args] of expected) {
      const { code, error } = await run(...args);
      assertEquals(code, 2);
      assertStringIncludes(error, complaint);
    }
    const named = ["predict", "none.safetensors", file, "--output"] as const;
    assertStringIncludes((await run(...named, "-")).error, "none.safetensors: no such file");
  }));

Deno.test("an output replaces no file of another kind, whatever its extension", () =>
  withFolder(async (folder) => {
    const kinds: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>> = {
      "a config": "data:\n  dataset: mnist\n",
      "a PNG image": new Uint8Array([0x89, 0x50, 0x4e, 0x47]),
      "an ONNX file": new Uint8Array([8, 8, 0x12, 0]),
      "a safetensors file": new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d]),
      "a text file": "mine",
      "a web page (HTML)": "<!DOCTYPE html>",
      "a file of another kind": new Uint8Array([1, 2, 3]),
    };
    const results: [ending: string | undefined, replaced: readonly string[]][] = [
      [".onnx", ["an ONNX file"]],
      [".safetensors", ["a safetensors file"]],
      [".txt", ["a text file", "a web page (HTML)"]],
      [".csv", ["a text file", "a web page (HTML)"]],
      [".yaml", ["a config", "a text file", "a web page (HTML)"]],
      [".html", ["a web page (HTML)"]],
      [".png", ["a PNG image"]],
      [undefined, Object.keys(kinds)],
    ];
    for (const [what, contents] of Object.entries(kinds)) {
      for (const [ending, replaced] of results) {
        const output = join(folder, `file${ending ?? ""}`);
        await Deno.writeFile(
          output,
          typeof contents === "string" ? new TextEncoder().encode(contents) : contents,
        );
        const check = () => checkOutput(output, [], ending);
        if (replaced.includes(what)) await check();
        else await assertRejects(check, InputError, `${output} is ${what}, which would be lost`);
      }
    }
    for (const [ending] of results) {
      const output = join(folder, `file${ending ?? ""}`);
      await Deno.writeFile(output, new Uint8Array());
      await checkOutput(output, [], ending);
    }
    const refused = (name: string, ending: string) =>
      assertRejects(
        () => checkOutput(join(folder, name), [], ending),
        InputError,
        `end the name in ${ending}`,
      );
    await refused("new.png", ".txt");
    await refused("new.svg", ".png");
    await refused("new", ".png");
    await refused("metrics.jsonl", ".html");
  }));
