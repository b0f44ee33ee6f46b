import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import {
  type Checkpoint,
  inferenceState,
  readCheckpoint,
  restoreModel,
  writeCheckpoint,
} from "../../checkpoints/checkpoint.ts";
import { loadNetwork } from "../../checkpoints/load.ts";
import { InputError } from "../../errors.ts";
import { buildModel } from "../../models/registry.ts";
import { writeSafetensors } from "../../safetensors/file.ts";
import { TINY_MODEL } from "../support/tiny_training.ts";
import { withFolder } from "../support/folder.ts";

function checkpoint(): Checkpoint {
  const model = buildModel("layers", TINY_MODEL);
  model.initialize(1);
  const state = model.stateDict();
  model.initialize(2);
  const ema = model.stateDict();
  return {
    description: {
      model: "layers",
      input: { height: 6, width: 6, channels: 2 },
      normalization: { mean: [0.5, 0.5], std: [0.25, 0.25] },
      classNames: ["a", "b", "c"],
    },
    architecture: { name: "layers", options: TINY_MODEL },
    config: { seed: 7 },
    seed: 7,
    backend: { name: "cpu", threads: 2, description: "CPU, 2 threads" },
    state: {
      step: 12,
      epoch: 2,
      batch: 4,
      sums: { loss: 0.1 + 0.2, correct: 3, count: 24 },
      validation: { loss: 1 / 3, accuracy: 0.5, count: 7 },
      best: { loss: 1 / 3, accuracy: 0.5, count: 7, epoch: 1 },
    },
    metricsBytes: 321,
    tensors: {
      model: state,
      optimizer: new Map([["exp_avg", state], ["exp_avg_sq", ema]]),
      ema,
      lossScale: Float32Array.of(1024, 7),
    },
  };
}

function withFile(test: (path: string) => Promise<void>): Promise<void> {
  return withFolder((folder) => test(join(folder, "last.safetensors")));
}

/** A checkpoint whose tensors have no element type, which a file adds. */
function plain(checkpoint: Checkpoint) {
  const state = (tensors: Checkpoint["tensors"]["model"] = new Map()) =>
    [...tensors].map(([name, { shape, data }]) => ({
      name,
      shape,
      data: [...data as Float32Array],
    }))
      .sort((a, b) => a.name < b.name ? -1 : 1);
  const { model, optimizer, ema, lossScale } = checkpoint.tensors;
  return {
    ...checkpoint,
    tensors: {
      model: state(model),
      optimizer: [...optimizer].map(([slot, tensors]) => ({ slot, tensors: state(tensors) })),
      ema: state(ema),
      lossScale,
    },
  };
}

Deno.test("a checkpoint is read exactly as it was written", () =>
  withFile(async (path) => {
    await writeCheckpoint(path, checkpoint());
    assertEquals(plain(await readCheckpoint(path)), plain(checkpoint()));
  }));

Deno.test("an invalid loss scale is rejected", () =>
  withFile(async (path) => {
    const { tensors, ...rest } = checkpoint();
    for (const scale of [0, -1, NaN, Infinity]) {
      const lossScale = Float32Array.of(scale, 0);
      await writeCheckpoint(path, { ...rest, tensors: { ...tensors, lossScale } });
      await assertRejects(() => readCheckpoint(path), InputError, "lossScale of this checkpoint");
    }
  }));

Deno.test("a checkpoint without a short backend description is rejected", () =>
  withFile(async (path) => {
    const found = checkpoint();
    for (const description of [undefined, 3, "long".repeat(1000)]) {
      const backend = { ...found.backend, description: description as string };
      await writeCheckpoint(path, { ...found, backend });
      await assertRejects(
        () => readCheckpoint(path),
        InputError,
        "the metadata of this checkpoint",
      );
    }
  }));

Deno.test("averaged weights are used for inference if there are any", () => {
  const { tensors: { ema: _, ...tensors }, ...rest } = checkpoint();
  assertEquals(inferenceState(checkpoint()), checkpoint().tensors.ema);
  assertEquals(inferenceState({ ...rest, tensors }), tensors.model);
  assertEquals(restoreModel(checkpoint()).stateDict(), checkpoint().tensors.ema);
});

Deno.test("tensors that do not fit the architecture are rejected", () => {
  const found = checkpoint();
  const architecture = { name: "layers", options: { ...TINY_MODEL, inputChannels: 3 } };
  assertThrows(() => restoreModel({ ...found, architecture }), InputError, "0.W");
});

Deno.test("a description that does not fit the architecture is rejected", () => {
  const found = checkpoint();
  const { description } = found;
  const other = { ...description, classNames: [...description.classNames, "more"] };
  assertThrows(
    () => restoreModel({ ...found, description: other }, "file"),
    InputError,
    'file: the network gives "logits"',
  );
});

Deno.test("missing, truncated and invalid checkpoints are rejected by name", () =>
  withFile(async (path) => {
    await assertRejects(() => readCheckpoint(path), InputError, "no such file");
    await writeSafetensors(path, new Map());
    await assertRejects(() => readCheckpoint(path), InputError, "not a checkpoint");
    await assertRejects(() => loadNetwork(path), InputError, "neither a checkpoint nor a folded");
    await writeSafetensors(path, new Map(), { format: "overfold-checkpoint-1", checkpoint: "{" });
    await assertRejects(() => readCheckpoint(path), InputError, "damaged");
    await writeCheckpoint(path, checkpoint());
    await Deno.truncate(path, (await Deno.stat(path)).size - 1);
    await assertRejects(() => readCheckpoint(path), InputError, path);
  }));

Deno.test("the former name of the partition among threads is read", () =>
  withFile(async (path) => {
    const { backend, ...rest } = checkpoint();
    const numerics = { threads: 2, schedule: "dynamic", precision: "fast", fused: true };
    await writeCheckpoint(path, { ...rest, backend: { ...backend, numerics } });
    const found = (await readCheckpoint(path)).backend.numerics!;
    assertEquals(JSON.stringify(found), JSON.stringify(numerics).replace("schedule", "partition"));
  }));
