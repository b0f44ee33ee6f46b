import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { run } from "../support/command_line.ts";
import { withTinyConfig } from "../e2e/cli.ts";

const CONFIG = (
  training = "{}",
  data = "{ dataset: &set { name: synthetic, classes: 4, imageSize: 8 } }",
) => `
data: ${data}
model:
  convolution: conv
  layers:
    - conv2d: { outChannels: 4, kernelSize: 3 }
    - global_avg_pool2d
    - batch_norm2d
    - flatten
    - linear: { outFeatures: 4 }
training: ${training}
`;

/** The result of `overfold COMMAND tiny.yaml` for a config with a mistake. */
async function said(config: string, command: string, ...args: string[]) {
  let result = { code: -1, out: "", error: "" };
  await withTinyConfig(async (folder) => {
    const path = join(folder, "tiny.yaml");
    result = await run(command, path, ...args);
    result.error = result.error.replaceAll(folder + "/", "");
    const left = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(left, ["tiny.yaml"], "nothing is written before everything is checked");
  }, config);
  return result;
}

Deno.test("train and inspect locate a last batch of one image before a batch norm", async () => {
  const data = "{ dataset: { name: synthetic, classes: 4, imageSize: 8, trainCount: 33 }, " +
    "batchSize: 16, dropLast: false }";
  for (const command of ["inspect", "train"]) {
    const { code, error } = await said(CONFIG("{}", data), command);
    assertEquals(code, 2);
    for (
      const part of [
        "tiny.yaml:2:106 data.dropLast",
        "33 images in batches of 16",
        ": layer 2 (batch_norm2d): ",
        "data.dropLast: true",
      ]
    ) {
      assertStringIncludes(error, part);
    }
  }
  const held = await said(
    CONFIG("{}", data.replace("}, ", "}, validation: { from: train, count: 4 }, ")),
    "inspect",
  );
  assertEquals(held.code, 0, held.error);
});

Deno.test("batches of one image before a batch norm are reported before the run's folder is made", async () => {
  const { code, error } = await said(CONFIG(), "train", "--set", "data.batchSize=1");
  assertEquals(code, 2);
  assertStringIncludes(
    error,
    "--set data.batchSize: layer 2 (batch_norm2d): its input [1, 4, 1, 1]",
  );
});

Deno.test("missing pretrained weights are reported with line, key and path", async () => {
  const config = CONFIG().replace("model:\n", "model:\n  pretrained: none.safetensors\n");
  const { code, error } = await said(config, "train");
  assertEquals(code, 2);
  const path = join(Deno.cwd(), "none.safetensors");
  assertStringIncludes(error, `tiny.yaml:4:15 model.pretrained: ${path}: no such file`);
});

Deno.test("a path to which Deno gives no program access is reported as such", async () => {
  const cli = fromFileUrl(new URL("../../cli.ts", import.meta.url));
  const args = ["run", "--no-prompt", "--no-check", "--allow-read", cli, "inspect", "/proc/x.yaml"];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assertEquals(code, 2);
  assertStringIncludes(
    new TextDecoder().decode(stderr),
    'Deno gives programs no access to "/proc/x.yaml"',
  );
});

Deno.test("images and networks too large for memory are rejected before it is allocated", async () => {
  const cases: [set: string, message: string][] = [
    [
      "data.dataset.trainCount=1000000000",
      "1,000,000,512 images of 8x8x3 in 4 classes take 182.5 GiB",
    ],
    ["data.dataset.imageSize=30000", "2,560 images of 30000x30000x3 in 4 classes take 6."],
    ["data.dataset.classes=60000000", "expected an integer of at least 2 and at most 65536"],
    [
      "model.convolution={name: do_conv, depthMultiplier: 1000000000}",
      "model: its 39,000,000,041 numbers take",
    ],
  ];
  for (const [set, message] of cases) {
    const { code, error } = await said(
      CONFIG().replace("conv2d:", "convolution:"),
      "train",
      "--set",
      set,
    );
    assertEquals(code, 2);
    assertStringIncludes(error, message);
  }
});
