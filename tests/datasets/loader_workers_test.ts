/** A loader's workers: how many, where they run, and what happens when one fails. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Worker as NodeWorker } from "node:worker_threads";
import { BatchLoader } from "../../datasets/loader.ts";
import { threadsAndSlots } from "../../datasets/loader_threads.ts";
import { InputError, RunError } from "../../errors.ts";
import { collect, source, training } from "../support/collected.ts";
import { numbered } from "../support/sources/numbered.ts";

Deno.test("an unreadable image fails its batch with the source's error", async () => {
  for (const workers of [0, 1, 3]) {
    using loader = new BatchLoader(numbered({ count: 23, refused: 12 }), { batchSize: 5, workers });
    const served: number[] = [];
    const error = await assertRejects(async () => {
      for await (const { index } of loader.epoch(0)) served.push(index);
    }, InputError);
    assertEquals([served, error.message], [[0, 1], "image 12 is damaged"]);
  }
});

Deno.test("a worker that crashes fails its batch without a hang", async () => {
  for (const workers of [1, 3]) {
    using loader = new BatchLoader(numbered({ count: 40, fatal: 22 }), { batchSize: 5, workers });
    const error = await assertRejects(() => collect(loader, 0), RunError);
    assert(error.message.includes("image 22 was too much"), error.message);
  }
});

Deno.test("a worker closed by its source fails its batch without a hang", async () => {
  for (const workers of [1, 3]) {
    using loader = new BatchLoader(numbered({ count: 40, closing: 22 }), { batchSize: 5, workers });
    const error = await assertRejects(() => collect(loader, 0), RunError);
    assertEquals(error.message, "a thread that prepares batches stopped: it closed itself");
  }
});

Deno.test("a bug in a source is thrown with its class and stack", async () => {
  using loader = new BatchLoader(numbered({ count: 23, mistaken: 12 }), { batchSize: 5 });
  const error = await assertRejects(() => collect(loader, 0), Error);
  assertEquals(`${error}`, "TypeError: image 12 is no image");
  assert(error.stack?.includes("numbered.ts"), error.stack);
});

Deno.test("if no worker can be started, the loader reads the images itself", async () => {
  using expected = new BatchLoader(source, { ...training, workers: 0 });
  const unknown = Object.assign(source.slice(0, 23), {});
  Object.defineProperty(unknown, "handle", { value: { kind: "file:///nowhere/source.ts" } });
  const unopened = { ...numbered({ count: 23 }), handle: undefined };
  for (const workers of [1, 2]) {
    using loader = new BatchLoader(unknown, { ...training, workers });
    assertEquals(await collect(loader, 0), await collect(expected, 0));
    using own = new BatchLoader(unopened, { batchSize: 5, workers });
    assertEquals((await collect(own, 0)).flatMap(({ labels, count }) => labels.slice(0, count)), [
      ...unopened.targets.labels.data,
    ]);
  }
});

Deno.test("the loader works if another library replaces the global Worker", async () => {
  const { Worker } = globalThis;
  globalThis.Worker = NodeWorker as unknown as typeof Worker;
  try {
    using loader = new BatchLoader(source, training);
    using expected = new BatchLoader(source, { ...training, workers: 0 });
    assertEquals(await collect(loader, 0), await collect(expected, 0));
  } finally {
    globalThis.Worker = Worker;
  }
});

Deno.test("there are no more workers than batches", async () => {
  const { postMessage } = Worker.prototype;
  const started = new Set<Worker>();
  Worker.prototype.postMessage = function (...given: [unknown]) {
    started.add(this);
    postMessage.apply(this, given);
  };
  try {
    using loader = new BatchLoader(source, { batchSize: 12, workers: 64 });
    assertEquals((await collect(loader, 0)).length, 2);
  } finally {
    Worker.prototype.postMessage = postMessage;
  }
  assertEquals(started.size, 2);
});

Deno.test("a loader imported from a URL works, and its process exits", async () => {
  const root = new URL("../../", import.meta.url);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (request) =>
      new Response(await Deno.readFile(new URL("." + new URL(request.url).pathname, root)), {
        headers: { "Content-Type": "application/typescript" },
      }),
  );
  const host = `127.0.0.1:${server.addr.port}`;
  const program = `
    import { emptyLabelled } from "http://${host}/datasets/sources/memory.ts";
    import { BatchLoader } from "http://${host}/datasets/loader.ts";
    const { source } = emptyLabelled(10, { height: 1, width: 1, channels: 1 });
    using loader = new BatchLoader(source, { batchSize: 4 });
    for await (const batch of loader.epoch(0)) console.log(batch.count);
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-config", "--no-lock", "--quiet", `--allow-import=${host}`, "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(program));
  await input.close();
  const { code, stdout, stderr } = await child.output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals([code, new TextDecoder().decode(stdout)], [0, "4\n4\n2\n"]);
});

Deno.test("processes on one machine share its cores, with at least one decoding thread each", () => {
  const pictures = { handle: { kind: "none" }, reads: [] };
  const cores = navigator.hardwareConcurrency;
  const helpers = (processes: number) => threadsAndSlots(pictures, "auto", 99, processes).helpers;
  assertEquals(helpers(1), Math.max(1, Math.min(16, cores - 1)));
  assertEquals(helpers(cores), 1);
});
