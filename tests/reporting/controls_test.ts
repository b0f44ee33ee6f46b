import { assertEquals } from "@std/assert";
import { Progress } from "../../reporting/progress.ts";
import { formatTable } from "../../reporting/format.ts";
import { spellControls } from "../../reporting/controls.ts";

Deno.test("control and bidirectional characters are escaped, other text is unchanged", () => {
  const kinds = ["\x1b[2J", "\r", "\x07", "\x9b31m", "\x7f", "\u202ered\u202c", "\u2066", "\u2028"];
  for (const kind of kinds) {
    assertEquals(/[^ -~]/.test(spellControls(kind)), false, JSON.stringify(kind));
  }
  assertEquals(spellControls("\x1b[31mcat"), "\\u001b[31mcat");
  const plain = "crème brûlée\t猫 🐈‍⬛ نمی‌دانم\nnext";
  assertEquals(spellControls(plain), plain);
});

Deno.test("line ends and tabs in a table's cells are escaped", () => {
  assertEquals(formatTable([["a\nerror: b\tc", "1"]]), "a\\u000aerror: b\\u0009c  1");
});

Deno.test("escaping JSON does not change its data", () => {
  const record = { name: "\x1b]0;title\x07\x9b\u202e\ufeff" };
  const text = spellControls(JSON.stringify(record));
  assertEquals(JSON.parse(text), record);
  assertEquals(/[^ -~]/.test(text), false);
});

Deno.test("progress escapes control characters", () => {
  let written = "";
  const progress = new Progress({
    write: (text) => void (written += text),
    isTerminal: false,
    columns: () => 80,
    now: () => 0,
  });
  progress.update("\x1b[2Jone");
  progress.print("\x1b[2Jtwo");
  assertEquals(written, "\\u001b[2Jone\n\\u001b[2Jtwo\n");
});
