import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { InputError, RunError } from "../../errors.ts";
import { listModels } from "../../models/registry.ts";
import {
  addressOf,
  adviceForName,
  isPublished,
  locateWeights,
} from "../../weights/published_weights.ts";
import { TORCHVISION, withPresentNames } from "../../weights/torchvision_weights.ts";
import { type Reply, startFaultServer } from "../datasets/fault_server.ts";
import { withFolder } from "../support/folder.ts";

const BYTES = new Uint8Array(5000).map((_, i) => i % 251);
const SHA256 = createHash("sha256").update(BYTES).digest("hex");
const POINTER = new TextEncoder().encode(
  `version https://git-lfs.github.com/spec/v1\noid sha256:${SHA256}\nsize ${BYTES.length}\n`,
);

const RAW = "/hub/timm/resnet18.a1_in1k/raw/main/model.safetensors";
const RESOLVE = "/hub/timm/resnet18.a1_in1k/resolve/main/model.safetensors";

/** A mirror of timm's weights, and a folder for the cache. */
async function withTimm(
  replies: (count: number) => Reply,
  use: (
    locate: (name?: string) => Promise<string>,
    asked: () => readonly string[],
  ) => Promise<void>,
) {
  await using server = startFaultServer(({ path, count }) =>
    path === RAW ? { body: POINTER } : path === RESOLVE ? replies(count) : { status: 404 }
  );
  await withFolder((cache) =>
    use(
      (name = "timm/resnet18.a1_in1k") =>
        locateWeights(name, {
          cache,
          mirror: `${server.url}/hub/`,
          rounds: 2,
          sleep: () => Promise.resolve(),
        }),
      () => server.requests.map(({ path, range }) => range ? `${path} ${range}` : path),
    )
  );
}

Deno.test("names of published weights are distinguished from files", () => {
  const names = ["torchvision/resnet18", "timm/resnet18.a1_in1k"];
  const files = ["./torchvision/resnet18", "resnet18.pth", "timm/a/b.pth", "torchvision", "x/y"];
  assertEquals([...names, ...files].filter(isPublished), names);
});

Deno.test("a misspelled name of published weights gets a suggestion", () => {
  const begin = "names of published weights begin with torchvision/ or timm/";
  assertEquals(
    adviceForName("torchvison/resnet18"),
    `${begin}; did you mean "torchvision/resnet18"?`,
  );
  assertEquals(adviceForName("torchvision/"), begin);
  assertEquals(adviceForName("hf/resnet18"), begin);
  for (const file of ["weights/own.pth", "own", "./torchvison/resnet18", "a/b/c", "/a"]) {
    assertEquals(adviceForName(file), undefined, file);
  }
  assertThrows(
    () => addressOf("torchvision/resnet18x"),
    InputError,
    'mean "torchvision/resnet18"?',
  );
});

Deno.test("published weights have an official address", () => {
  assertEquals(
    ["torchvision/resnet18", "torchvision/resnet50.IMAGENET1K_V1", "timm/resnet18.a1_in1k"]
      .map(addressOf),
    [
      "https://download.pytorch.org/models/resnet18-f37072fd.pth",
      "https://download.pytorch.org/models/resnet50-0676ba61.pth",
      "https://huggingface.co/timm/resnet18.a1_in1k/resolve/main/model.safetensors",
    ],
  );
});

Deno.test("timm's weights are downloaded once, verified each time, and downloaded again if damaged", () =>
  withTimm(() => ({ body: BYTES }), async (locate, asked) => {
    const path = await locate();
    assertEquals(await Deno.readFile(path), BYTES);
    assertEquals(await locate(), path);
    assertEquals(asked(), [RAW, RESOLVE]);
    await Deno.writeFile(path, BYTES.with(7, 0));
    assertEquals(await Deno.readFile(await locate()), BYTES);
    assertEquals(asked(), [RAW, RESOLVE, RESOLVE]);
  }));

Deno.test("an interrupted download continues where it stopped", () =>
  withTimm(
    (count) =>
      count === 1 ? { body: BYTES, cutAfter: 2000 } : {
        status: 206,
        headers: { "content-range": `bytes 2000-4999/5000` },
        body: BYTES.subarray(2000),
      },
    async (locate, asked) => {
      assertEquals(await Deno.readFile(await locate()), BYTES);
      assertEquals(asked(), [RAW, RESOLVE, `${RESOLVE} bytes=2000-`]);
    },
  ));

Deno.test("a download with a wrong checksum is refused", () =>
  withTimm(() => ({ body: BYTES.with(7, 0) }), async (locate) => {
    await assertRejects(locate, RunError, `expected sha256:${SHA256}`);
  }));

Deno.test("the error for a name without a tag says what a full name looks like", () =>
  withTimm(() => ({ status: 404 }), async (locate) => {
    const { message } = await assertRejects(() => locate("timm/resnet18"), RunError);
    assertStringIncludes(message, "timm/resnet18.a1_in1k");
    assertStringIncludes(message, "the weights' checksum could not be downloaded");
  }));

Deno.test("torchvision's weights are verified by the checksum in their file name", async () => {
  await using server = startFaultServer(() => ({ body: BYTES }));
  await withFolder(async (cache) => {
    const options = { cache, mirror: server.url, rounds: 2, sleep: () => Promise.resolve() };
    const locate = (name: string) => locateWeights(`torchvision/${name}`, options);
    await assertRejects(() => locate("resnet50"), RunError, "expected sha256:11ad3fa6");
    assertEquals(server.requests[0].path, "/resnet50-11ad3fa6.pth");
    await assertRejects(
      () => locate("resnet50.IMAGENET1K_V1"),
      RunError,
      "expected sha256:0676ba61",
    );
    const versions = "there are resnet18.IMAGENET1K_V1;";
    await assertRejects(() => locate("resnet18.IMAGENET1K_V2"), InputError, versions);
    await assertRejects(() => locate("alexnet"), InputError, "there are resnet18, resnet34");
  });
});

Deno.test("every torchvision file name contains a checksum", () => {
  const files = Object.values(TORCHVISION).flat();
  assertEquals(files.filter((file) => !/^[\w.]+-[0-9a-f]{8,10}\.pth$/.test(file)), []);
  assertEquals(new Set(files).size, files.length);
});

Deno.test("torchvision's weights are listed only for existing models, and for every model of its families", () => {
  const models = listModels();
  const known = Object.keys(TORCHVISION);
  assertEquals(known.filter((name) => !models.includes(name)), []);
  const families = new Set(known.map((name) => name.match(/^[a-z_]+/)![0]));
  const theirs = models.filter((name) =>
    families.has(name.match(/^[a-z_]+/)![0]) && !/_v(1|1b|2)$/.test(name) ||
    /^mobilenet_v[23]/.test(name)
  );
  assertEquals(theirs.filter((name) => !known.includes(name)), []);
});

Deno.test("only a dense layer's former names are converted", () => {
  const names = [
    "features.denseblock1.denselayer12.norm.1.running_mean",
    "features.denseblock1.denselayer12.conv.2.weight",
    "features.denseblock1.denselayer12.conv1.weight",
    "features.norm.1.weight",
  ];
  assertEquals([...withPresentNames(new Map(names.map((name) => [name, 0]))).keys()], [
    "features.denseblock1.denselayer12.norm1.running_mean",
    "features.denseblock1.denselayer12.conv2.weight",
    ...names.slice(2),
  ]);
});
