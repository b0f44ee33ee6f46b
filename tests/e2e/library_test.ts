import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** Serves the repository's files on loopback. */
function serveRepository(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    try {
      const text = await Deno.readTextFile(join(ROOT, new URL(request.url).pathname));
      return new Response(text, { headers: { "content-type": "application/typescript" } });
    } catch {
      return new Response("not found", { status: 404 });
    }
  });
}

/** Runs a program that imports Overfold by URL, without a config or an import map. */
async function runAlone(source: (address: string) => string): Promise<string> {
  await using server = serveRepository();
  const { port } = server.addr;
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "program.ts");
    await Deno.writeTextFile(file, source(`http://127.0.0.1:${port}`));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-config",
        "--no-prompt",
        "--no-lock",
        "--reload=http://127.0.0.1",
        `--allow-import=127.0.0.1:${port}`,
        file,
      ],
      cwd: folder,
      env: { NO_COLOR: "1" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("mod.ts imported from a URL trains a step and folds", async () => {
  const out = await runAlone((address) => `
    import * as of from "${address}/mod.ts";
    const { train, statistics, imageShape, classNames } = await of.loadDataset({
      name: "synthetic", classes: 3, imageSize: 8, channels: 1, trainCount: 16, testCount: 8,
    });
    const model = new of.Sequential(
      new of.DoConv2d({ inChannels: 1, outChannels: 4, kernelSize: 3, padding: 1 }),
      new of.ReLU(), new of.GlobalAvgPool2d(), new of.Flatten(), new of.Linear(4, 3),
    );
    model.initialize(1);
    const backend = await of.openBackend({ threads: 1 });
    const { state } = await of.train({
      model, backend, train, normalization: statistics, epochs: 1, batchSize: 16,
      optimizer: { name: "sgd", learningRate: 0.1 },
    });
    const network = of.foldModel(model, {
      model: "small", input: imageShape, normalization: statistics, classNames,
    });
    const { top1Agreement } = await of.verifyFold(
      model, network, backend, await of.readImages(train),
    );
    console.log(state.step, top1Agreement, [...network.tensors.keys()].join());
  `);
  assertEquals(out, "1 1 0.weight,0.bias,4.weight,4.bias\n");
});

Deno.test("the example of a custom layer trains and folds", async () => {
  const out = await runAlone((address) => `import "${address}/examples/custom_layer.ts";`);
  assertStringIncludes(out, "0.weight ");
  assertStringIncludes(out, "agreement 1\n");
});

Deno.test("the example of extensions trains and folds to plain kernels", async () => {
  const out = await runAlone((address) => `import "${address}/examples/extensions.ts";`);
  assertEquals(out, "accuracy 1 agreement 1\nconv1.weight\n");
});
