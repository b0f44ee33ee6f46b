import { assertEquals } from "@std/assert";
import type { Context } from "../../cli/command.ts";
import { Interruption } from "../../cli/interruption.ts";
import { Progress } from "../../reporting/progress.ts";

Deno.test("a failed output stops the work once and is kept as the reason", async () => {
  const full = new Error("full");
  const printed: string[] = [];
  const context: Context = {
    call: "overfold train",
    json: true,
    print: (line) => void printed.push(line),
    emit: () => {
      throw full;
    },
    progress: new Progress(),
    loadCommands: () => Promise.resolve(),
  };
  using interruption = new Interruption(() => {});
  const result = await interruption.gracefully(context, (signal, { print, emit }) => {
    print("before");
    const before = signal.aborted;
    emit({});
    emit({});
    print("after");
    return Promise.resolve([before, signal.aborted]);
  });
  assertEquals(result, [false, true]);
  assertEquals(printed, ["before"]);
  assertEquals(interruption.outputFailure, full);
});
