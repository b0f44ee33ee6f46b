/** Configs stored in a network from elsewhere: `eval` reports them, and `fold` works regardless. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { writeCheckpoint } from "../../checkpoints/checkpoint.ts";
import { START } from "../../checkpoints/run_state.ts";
import { buildModel } from "../../models/registry.ts";
import { run } from "../support/command_line.ts";
import { withFolder } from "../support/folder.ts";
import { TINY_MODEL } from "../support/tiny_training.ts";

/** Calls `test` with a checkpoint whose config has this `data`. */
function withStored(
  data: Readonly<Record<string, unknown>>,
  test: (checkpoint: string, folded: string) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    const model = buildModel("layers", TINY_MODEL);
    model.initialize(1);
    const path = join(folder, "stored.safetensors");
    await writeCheckpoint(path, {
      description: {
        model: "layers",
        input: { height: 6, width: 6, channels: 2 },
        normalization: { mean: [0.5, 0.5], std: [0.25, 0.25] },
        classNames: ["class 0", "class 1", "class 2"],
      },
      architecture: { name: "layers", options: TINY_MODEL },
      config: { threads: 1, data, model: { layers: TINY_MODEL.layers } },
      seed: 0,
      backend: { name: "cpu", threads: 1, description: "CPU, 1 thread" },
      state: START,
      metricsBytes: 0,
      tensors: { model: model.stateDict(), optimizer: new Map() },
    });
    await test(path, join(folder, "folded.safetensors"));
  });
}

const SYNTHETIC = { name: "synthetic", classes: 3, imageSize: 6, channels: 2 };

/** The `data` of stored configs, and how `eval` rejects them. */
const REFUSED: [data: Readonly<Record<string, unknown>>, message: string][] = [
  [
    { dataset: "mnist", root: "/tmp/\0x" },
    "data.root: expected a text without control characters",
  ],
  [
    { dataset: { ...SYNTHETIC, testCount: 2e7 } },
    "data.dataset: its images take 1.4 GiB, and without your config at most 64.0 MiB are generated; name a config",
  ],
  [
    { dataset: { ...SYNTHETIC, trainCount: 1e7 } },
    "data.dataset: its images take 724.8 MiB",
  ],
  [
    { dataset: { name: "image_folder", root: "/home/me/private" } },
    "data.dataset.root: /home/me/private is where the config of this network expects its images, but no " +
    "training here has used that place; to allow it, add --set data.dataset.root=",
  ],
  [
    { dataset: { name: "tar_shards", train: ["one.tar", "/home/me/private/{0..9}.tar"] } },
    "data.dataset.train: one.tar is where the config of this network expects its images",
  ],
  [
    { dataset: "mnist", root: "/home/me/private" },
    "to allow it, add --set data.root=/home/me/private",
  ],
];

for (const [data, message] of REFUSED) {
  Deno.test(`eval rejects a stored config, and fold does without its images: ${message}`, () =>
    withStored(data, async (checkpoint, folded) => {
      const evaluated = await run("eval", checkpoint);
      assertStringIncludes(evaluated.error, message);
      assertEquals(evaluated.code, 2);
      const { code, out, error } = await run("fold", checkpoint, "--output", folded);
      assertEquals(code, 0, error);
      assertStringIncludes(out, "images of noise");
    }));
}

Deno.test("fold works if Deno blocks the stored image folder", () =>
  withStored({ dataset: "mnist", root: "/proc/self" }, async (checkpoint, folded) => {
    const cli = fromFileUrl(new URL("../../cli.ts", import.meta.url));
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--no-check",
        ...["read", "write", "env", "sys"].map((name) => `--allow-${name}`),
        cli,
        "fold",
        checkpoint,
        "--output",
        folded,
      ],
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
    assertStringIncludes(new TextDecoder().decode(stdout), "images of noise");
  }));
