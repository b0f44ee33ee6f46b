import { assertEquals, assertRejects } from "@std/assert";
import { Pipeline, pipelined } from "../../training/pipeline.ts";

const BACKEND = { runsInFlight: 16 };

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i;
}

Deno.test("results come in order, with several runs in flight", async () => {
  let underWay = 0;
  let most = 0;
  const run = async (i: number) => {
    most = Math.max(most, ++underWay);
    // Later runs finish sooner.
    for (let turn = i; turn < 40; turn++) await Promise.resolve();
    underWay--;
    return i;
  };
  const results = await Array.fromAsync(pipelined(numbers(40), BACKEND, run));
  assertEquals(results, Array.from({ length: 40 }, (_, i) => i));
  assertEquals(most > 1 && most <= 16, true, `${most} under way`);
});

Deno.test("a failed run rejects in its turn, and later failures are not unhandled", async () => {
  const run = (i: number) => i < 3 ? Promise.resolve(i) : Promise.reject(new Error(`run ${i}`));
  const found: number[] = [];
  await assertRejects(
    async () => {
      for await (const result of pipelined(numbers(9), BACKEND, run)) found.push(result);
    },
    Error,
    "run 3",
  );
  assertEquals(found, [0, 1, 2]);
});

/** Calls `test` with a clock that advances only on request. */
async function withClock(test: (pass: (milliseconds: number) => void) => Promise<void>) {
  const clock = performance.now;
  let now = 0;
  performance.now = () => now;
  try {
    await test((milliseconds) => void (now += milliseconds));
  } finally {
    performance.now = clock;
  }
}

Deno.test("a pause with nothing in flight does not make a pipeline narrower", () =>
  withClock(async (pass) => {
    const pipeline = new Pipeline<void>(BACKEND);
    const takeOne = async () => {
      pipeline.add(Promise.resolve());
      pass(5);
      await pipeline.take();
    };
    await takeOne();
    pass(1e6);
    await takeOne();
    while (!pipeline.isFull) pipeline.add(Promise.resolve());
    assertEquals(pipeline.size, 2);
    pass(5);
    await pipeline.take();
    while (!pipeline.isFull) pipeline.add(Promise.resolve());
    assertEquals(pipeline.size, 16);
  }));

Deno.test("waiting for an item counts only while nothing is in flight", () =>
  withClock(async (pass) => {
    const pipeline = new Pipeline<void>(BACKEND);
    let end = () => {};
    /** When runs end while an item is awaited, in milliseconds after the request. */
    const ends = [undefined, 0, 3, 10, undefined];
    async function* items() {
      for (const [i, after] of ends.entries()) {
        pass(after ?? 0);
        if (after !== undefined) end();
        // So that the pipeline notices.
        await new Promise((done) => setTimeout(done));
        pass(10 - (after ?? 0));
        yield i;
      }
    }
    const waited: number[] = [];
    for await (const _ of pipeline.fed(items())) {
      waited.push(pipeline.starved);
      pass(7);
      const { promise, resolve } = Promise.withResolvers<void>();
      end = resolve;
      pipeline.add(promise);
    }
    assertEquals(waited, [10, 20, 27, 27, 27]);
  }));

Deno.test("taking from an empty pipeline is an error", async () => {
  const pipeline = new Pipeline<number>({ runsInFlight: 2 });
  pipeline.add(Promise.resolve(7));
  assertEquals(await pipeline.take(), 7);
  await assertRejects(() => pipeline.take(), Error, "nothing is under way");
});
