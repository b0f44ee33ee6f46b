import { assertEquals } from "@std/assert";
import { secondsOf } from "../../training/time_budget.ts";
import { train } from "../../training/train.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { tinyTraining } from "../support/tiny_training.ts";

Deno.test("a time is a number of seconds, or numbers with units", () => {
  const times = [90, "90s", "90m", "2h", "1h30m", "1.5h", "1d12h", "0.5m"];
  assertEquals(times.map(secondsOf), [90, 90, 5400, 7200, 5400, 5400, 129_600, 30]);
  const wrong = ["2", "h", "2 h", "2h,", "-2h", "two hours", "2hm"];
  assertEquals(wrong.map(secondsOf), wrong.map(() => NaN));
});

Deno.test("training out of time stops after a step, saves, and resumes to the same bits", async () => {
  const uninterrupted = new MemoryStore();
  await train(await tinyTraining({ store: uninterrupted }));
  let store = new MemoryStore();
  let outcome = await train(await tinyTraining({ store, maxTime: 1e-9 }));
  const steps = [outcome.state.step];
  while (outcome.status === "out of time") {
    const { last: resume } = store;
    assertEquals(resume?.state, outcome.state);
    store = new MemoryStore(resume?.log);
    outcome = await train(await tinyTraining({ store, resume, maxTime: 1e-9 }));
    steps.push(outcome.state.step);
  }
  assertEquals(steps, [1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(outcome.status, "completed");
  assertEquals(store.last, uninterrupted.last);
});
