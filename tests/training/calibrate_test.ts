import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../errors.ts";
import { foldModel } from "../../networks/fold.ts";
import { calibrateNetwork } from "../../training/calibrate.ts";
import { describeNetwork } from "../../training/description.ts";
import { evaluateNetwork } from "../../training/evaluate.ts";
import { Calibration } from "../../training/metrics/calibration.ts";
import { tinyDataset, tinyTraining } from "../support/tiny_training.ts";

Deno.test("a network with the fitted temperature has the reported loss and calibration error", async () => {
  const { model, backend } = await tinyTraining();
  const { train: images, ...data } = await tinyDataset();
  const network = foldModel(model, describeNetwork("tiny", data, "classification"));
  const { temperature, count, before, after } = await calibrateNetwork(network, images, backend, {
    batchSize: 8,
  });
  assertEquals(count, images.count);
  assert(after.loss < before.loss);
  for (const [given, figures] of [[undefined, before], [temperature, after]] as const) {
    const description = { ...network.description, temperature: given };
    const tally = new Calibration(3);
    const { loss } = await evaluateNetwork({ ...network, description }, images, backend, { tally });
    assertAlmostEquals(loss, figures.loss, 1e-6);
    assertAlmostEquals(tally.expectedError(), figures.expectedCalibrationError, 1e-6);
  }
});

Deno.test("a network's previous temperature does not matter", async () => {
  const { model, backend } = await tinyTraining();
  const { train: images, ...data } = await tinyDataset();
  const network = foldModel(model, describeNetwork("tiny", data, "classification"));
  const description = { ...network.description, temperature: 7 };
  assertEquals(
    await calibrateNetwork({ ...network, description }, images, backend),
    await calibrateNetwork(network, images, backend),
  );
});

Deno.test("a network of several classes per image is not calibrated", async () => {
  const { model, backend } = await tinyTraining();
  const data = await tinyDataset();
  const network = foldModel(model, describeNetwork("tiny", data, "multi_label"));
  await assertRejects(
    () => calibrateNetwork(network, data.test, backend),
    InputError,
    "tiny decides each class separately",
  );
});
