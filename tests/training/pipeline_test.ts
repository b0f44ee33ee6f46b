import { assertEquals, assertRejects } from "@std/assert";
import { Pipeline, pipelined } from "../../training/pipeline.ts";

const BACKEND = { runsPerReadback: 8 };

async function* numbers(count: number): AsyncGenerator<number> {
  for (let i = 0; i < count; i++) yield i;
}

Deno.test("results come in the order of the runs, several of which are under way", async () => {
  let underWay = 0;
  let most = 0;
  const run = async (i: number) => {
    most = Math.max(most, ++underWay);
    // The later, the sooner done.
    for (let turn = i; turn < 40; turn++) await Promise.resolve();
    underWay--;
    return i;
  };
  const results = await Array.fromAsync(pipelined(numbers(40), BACKEND, run));
  assertEquals(results, Array.from({ length: 40 }, (_, i) => i));
  assertEquals(most > 1 && most <= 16, true, `${most} under way`);
});

Deno.test("a run that fails rejects in its turn, and those after it are no unhandled errors", async () => {
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

Deno.test("a pause while nothing is under way does not make a pipeline narrower", async () => {
  const clock = performance.now;
  let now = 0;
  performance.now = () => now;
  try {
    const pipeline = new Pipeline<void>(BACKEND);
    const takeOne = async () => {
      pipeline.add(Promise.resolve());
      now += 5;
      await pipeline.take();
    };
    await takeOne();
    now += 1e6;
    await takeOne();
    while (!pipeline.isFull) pipeline.add(Promise.resolve());
    assertEquals(pipeline.size, 2);
    now += 5;
    await pipeline.take();
    while (!pipeline.isFull) pipeline.add(Promise.resolve());
    assertEquals(pipeline.size, 16);
  } finally {
    performance.now = clock;
  }
});

Deno.test("nothing can be taken from an empty pipeline", async () => {
  const pipeline = new Pipeline<number>({ runsPerReadback: 1 });
  pipeline.add(Promise.resolve(7));
  assertEquals(await pipeline.take(), 7);
  await assertRejects(() => pipeline.take(), Error, "nothing is under way");
});
