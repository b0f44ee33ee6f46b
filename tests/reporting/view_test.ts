import { assertEquals, assertStringIncludes } from "@std/assert";
import { Progress } from "../../reporting/progress.ts";
import type { View } from "../../reporting/view.ts";
import { Terminal } from "../support/terminal.ts";

const view = (first: string, second: string): View => [
  [{ text: first, style: "bold" }, { text: " left" }],
  [{ text: second, style: "good" }],
];

/** A progress whose every update is shown at once. */
function shown(columns: number, colours?: boolean) {
  const terminal = new Terminal(columns, colours);
  const progress = new Progress(terminal);
  const show = (first: string, second = "second") => {
    terminal.time += 1000;
    progress.update(`line ${first}`, () => view(first, second));
  };
  return { terminal, progress, show };
}

Deno.test("a wide terminal shows all lines of a view in place", async () => {
  const { terminal, show } = shown(100);
  terminal.write("$ train\n");
  show("one", "long second line");
  show("two");
  const { lines, cursor } = await terminal.screen();
  assertEquals(lines, ["$ train", "two left", "second"]);
  assertEquals(cursor, [3, 0]);
});

Deno.test("a narrow terminal shows only the progress line", async () => {
  const { terminal, show } = shown(99);
  show("one");
  assertEquals((await terminal.screen()).lines, ["line one"]);
});

Deno.test("printed lines stay above the view, which is cleared at the end", async () => {
  const { terminal, progress, show } = shown(120);
  show("one");
  progress.print("warning");
  assertEquals((await terminal.screen()).lines, ["warning", "one left", "second"]);
  progress.finish();
  terminal.write("$");
  assertEquals((await terminal.screen()).lines, ["warning", "$"]);
});

Deno.test("lines of a view are cut to the terminal's width", async () => {
  const { terminal, show } = shown(100);
  show("a".repeat(99), "b".repeat(300));
  assertEquals((await terminal.screen()).lines, ["a".repeat(99), "b".repeat(99)]);
});

for (const columns of [150, 100, 60, 40]) {
  Deno.test(`resizing a terminal to ${columns} columns leaves no remnants`, async () => {
    const { terminal, progress, show } = shown(120);
    terminal.write("$ train\n");
    show("a".repeat(110), "b".repeat(110));
    await terminal.resize(columns);
    show("one");
    const { lines } = await terminal.screen();
    assertEquals(lines, ["$ train", ...(columns < 100 ? ["line one"] : ["one left", "second"])]);
    progress.finish();
    assertEquals((await terminal.screen()).lines, ["$ train"]);
  });
}

Deno.test("an echoed key is cleared with the view", async () => {
  const { terminal, progress, show } = shown(100);
  show("a".repeat(99));
  terminal.write("^C");
  progress.print("stopping");
  progress.finish();
  assertEquals((await terminal.screen()).lines, ["stopping"]);
});

Deno.test("a view has colours only if enabled, and escapes control characters", async () => {
  const plain = shown(100);
  plain.show("one\x1b[31m");
  assertEquals((await plain.terminal.screen()).lines[0], "one\\u001b[31m left");
  assertEquals(plain.terminal.written.includes("m"), true);
  // deno-lint-ignore no-control-regex
  assertEquals(/\x1b\[\d+m/.test(plain.terminal.written), false);
  const coloured = shown(100, true);
  coloured.show("one");
  assertStringIncludes(
    coloured.terminal.written,
    "\x1b[1mone\x1b[0m left\n\x1b[32msecond\x1b[0m\n",
  );
  assertEquals((await coloured.terminal.screen()).lines, ["one left", "second"]);
});

Deno.test("without a terminal, a view is the progress line", () => {
  const written: string[] = [];
  const progress = new Progress({
    write: (text) => void written.push(text),
    isTerminal: false,
    columns: () => 200,
    now: () => 0,
  });
  progress.update("line", () => view("one", "two"));
  assertEquals(written, ["line\n"]);
});
