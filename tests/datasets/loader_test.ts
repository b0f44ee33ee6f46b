import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { emptySplit } from "../../datasets/dataset.ts";
import { BatchLoader, type LoaderOptions } from "../../datasets/loader.ts";
import { InputError } from "../../errors.ts";

const split = emptySplit(23, { height: 2, width: 2, channels: 3 });
for (let i = 0; i < split.count; i++) {
  split.labels[i] = i;
  split.images.fill(i + 1, 12 * i, 12 * i + 12);
}

const training: LoaderOptions = {
  batchSize: 5,
  seed: 11,
  shuffle: true,
  augmentation: { padding: 4, flip: true },
};

interface Copy {
  index: number;
  count: number;
  pixels: number[];
  labels: number[];
  transforms: number[];
}

async function collect(loader: BatchLoader, epoch: number, start = 0): Promise<Copy[]> {
  const copies: Copy[] = [];
  for await (const { index, count, pixels, labels, transforms } of loader.epoch(epoch, start)) {
    copies.push({
      index,
      count,
      pixels: [...pixels],
      labels: [...labels],
      transforms: [...transforms],
    });
  }
  return copies;
}

Deno.test("every image is served once an epoch, its pixels with its label", async () => {
  using loader = new BatchLoader(split, training);
  const batches = await collect(loader, 0);
  const labels = batches.flatMap((batch) => batch.labels.slice(0, batch.count));
  assertEquals(labels.toSorted((a, b) => a - b), Array.from({ length: 23 }, (_, i) => i));
  for (const { pixels, labels, count } of batches) {
    for (let row = 0; row < count; row++) {
      assertEquals(pixels.slice(12 * row, 12 * row + 12), new Array(12).fill(labels[row] + 1));
    }
  }
});

Deno.test("the last batch is padded with label -1 and zeros, or dropped", async () => {
  using padded = new BatchLoader(split, training);
  const last = (await collect(padded, 0)).at(-1);
  assertEquals([padded.batchCount, last?.index, last?.count], [5, 4, 3]);
  assertEquals(last?.labels.slice(3), [-1, -1]);
  assertEquals(last?.pixels.slice(36), new Array(24).fill(0));
  assertEquals(last?.transforms.slice(9), new Array(6).fill(0));
  using dropped = new BatchLoader(split, { ...training, dropLast: true });
  assertEquals((await collect(dropped, 0)).length, 4);
});

Deno.test("a worker and no worker serve the same batches, however slow the loop is", async () => {
  using withWorker = new BatchLoader(split, training);
  using without = new BatchLoader(split, { ...training, worker: false });
  for (const epoch of [0, 1]) {
    assertEquals(await collect(withWorker, epoch), await collect(without, epoch));
  }
});

Deno.test("resuming at any batch continues exactly", async () => {
  using unbroken = new BatchLoader(split, training);
  const expected = await collect(unbroken, 3);
  for (let start = 0; start <= expected.length; start++) {
    using resumed = new BatchLoader(split, training);
    assertEquals(await collect(resumed, 3, start), expected.slice(start));
  }
});

Deno.test("a loop that is left early does not disturb the next", async () => {
  using loader = new BatchLoader(split, training);
  for await (const _ of loader.epoch(0)) break;
  using fresh = new BatchLoader(split, { ...training, worker: false });
  assertEquals(await collect(loader, 1), await collect(fresh, 1));
});

Deno.test("epochs and seeds differ in order and augmentation", async () => {
  using loader = new BatchLoader(split, training);
  using other = new BatchLoader(split, { ...training, seed: 12 });
  const orders = [await collect(loader, 0), await collect(loader, 1), await collect(other, 0)];
  for (const part of ["labels", "transforms"] as const) {
    const seen = orders.map((batches) => batches.map((batch) => batch[part].join()).join());
    assertEquals(new Set(seen).size, 3);
  }
});

Deno.test("augmentation stays in range; without it images come as they are, in order", async () => {
  using loader = new BatchLoader(split, training);
  const seen = new Set<number>();
  for (let epoch = 0; epoch < 20; epoch++) {
    for (const { transforms, count } of await collect(loader, epoch)) {
      for (let row = 0; row < count; row++) {
        seen.add(transforms[3 * row]).add(transforms[3 * row + 1]);
        assertEquals([0, 1].includes(transforms[3 * row + 2]), true);
      }
    }
  }
  assertEquals([...seen].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  using plain = new BatchLoader(split, { batchSize: 23 });
  const [batch] = await collect(plain, 0);
  assertEquals(batch.labels, Array.from({ length: 23 }, (_, i) => i));
  assertEquals(batch.transforms, new Array(69).fill(0));
});

Deno.test("a loader can be used after it was closed", async () => {
  const loader = new BatchLoader(split, training);
  const expected = await collect(loader, 0);
  loader.close();
  assertEquals(await collect(loader, 0), expected);
});

Deno.test("one epoch at a time", async () => {
  using loader = new BatchLoader(split, training);
  for await (const _ of loader.epoch(0)) {
    await assertRejects(() => loader.epoch(1).next(), Error, "still being served");
  }
});

Deno.test("sizes that do not fit are refused", () => {
  const make = (options: Partial<LoaderOptions>) => () =>
    new BatchLoader(split, { ...training, ...options });
  assertThrows(make({ batchSize: 0 }), InputError, "batchSize is 0");
  assertThrows(make({ batchSize: 24, dropLast: true }), InputError, "only 23 images");
  assertThrows(make({ augmentation: { padding: -1, flip: false } }), InputError, "padding is -1");
});

Deno.test("a loader from the web works in a process of its own, which ends by itself", async () => {
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
    import { emptySplit } from "http://${host}/datasets/dataset.ts";
    import { BatchLoader } from "http://${host}/datasets/loader.ts";
    const split = emptySplit(10, { height: 1, width: 1, channels: 1 });
    using loader = new BatchLoader(split, { batchSize: 4 });
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
