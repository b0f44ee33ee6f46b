import { assertEquals } from "@std/assert";
import { Progress } from "../../reporting/progress.ts";

function recorder(isTerminal: boolean) {
  const written: string[] = [];
  const target = { time: 0, width: 20, written };
  const progress = new Progress({
    write: (text) => void written.push(text),
    isTerminal,
    columns: () => target.width,
    now: () => target.time,
  });
  return { progress, target };
}

Deno.test("a terminal's line is rewritten at most ten times a second and cut to its width", () => {
  const { progress, target } = recorder(true);
  progress.update("one");
  target.time = 50;
  progress.update("too early");
  target.time = 100;
  progress.update(() => "a line that is longer than the terminal is wide");
  progress.finish();
  progress.finish();
  assertEquals(target.written, ["\r\x1b[Kone", "\r\x1b[Ka line that is long", "\r\x1b[K"]);
});

Deno.test("a narrow terminal drops whole fields of a line, the last first", () => {
  const { progress, target } = recorder(true);
  for (const width of [40, 24, 23, 8]) {
    target.width = width;
    progress.update(() => ["step 1/90", "loss 1.25", "9 s left", "80 images/s"]);
    progress.finish();
  }
  assertEquals(target.written.filter((text) => text !== "\r\x1b[K"), [
    "\r\x1b[Kstep 1/90  loss 1.25  9 s left",
    "\r\x1b[Kstep 1/90  loss 1.25",
    "\r\x1b[Kstep 1/90  loss 1.25",
    "\r\x1b[Kstep 1/",
  ]);
});

Deno.test("a printed line stays above the progress line", () => {
  const { progress, target } = recorder(true);
  progress.update("40 %");
  progress.print("epoch 1");
  assertEquals(target.written, ["\r\x1b[K40 %", "\r\x1b[K", "epoch 1\n", "\r\x1b[K40 %"]);
});

Deno.test("without a terminal, progress prints a plain line every ten seconds", () => {
  const { progress, target } = recorder(false);
  for (target.time = 0; target.time <= 20_000; target.time += 1000) {
    progress.update(`${target.time / 1000} s`);
  }
  progress.print("done");
  progress.finish();
  assertEquals(target.written, ["0 s\n", "10 s\n", "20 s\n", "done\n"]);
});
