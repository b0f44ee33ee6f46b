import { assert, assertEquals } from "@std/assert";
import { loadDataset } from "../../datasets/open.ts";
import { buildModel } from "../../models/registry.ts";
import { train, type TrainOptions } from "../../training/train.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { plainPng, withFiles } from "../support/pictures.ts";
import { TINY_MODEL, tinyTraining } from "../support/tiny_training.ts";

const FILES = Object.fromEntries(
  Array.from({ length: 30 }, (_, i) => [
    `${i % 3}/${i}.png`,
    plainPng([8 * i, 255 - 8 * i, i], 7 + i % 5, 6 + i % 4),
  ]),
);

Deno.test("training on image files resumes in the middle of an epoch with the same bits", () =>
  withFiles(FILES, async (root) => {
    const images = await loadDataset({ name: "image_folder", root }, {
      trainTransforms: [{ name: "random_resized_crop", size: 6 }, "horizontal_flip"],
      transformSeed: 3,
    });
    const options = async (own: Partial<TrainOptions>) => {
      const model = buildModel("layers", { ...TINY_MODEL, inputChannels: 3 });
      model.initialize(1);
      return await tinyTraining({
        model,
        train: images.train,
        validation: images.test,
        normalization: images.statistics,
        saveEverySteps: 1,
        ...own,
      });
    };
    const uninterrupted = new MemoryStore();
    await train(await options({ store: uninterrupted, workers: 4 }));
    const position = uninterrupted.saves.find(({ state }) => state.step === 6)!;
    assert(position.state.epoch === 1 && position.state.step % 4 !== 0);
    const store = new MemoryStore(position.log);
    await train(await options({ store, resume: position, workers: 2 }));
    assertEquals(store.last!.tensors, uninterrupted.last!.tensors);
    assertEquals(store.lines, uninterrupted.lines);
  }));
