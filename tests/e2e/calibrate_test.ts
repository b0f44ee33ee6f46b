/** A temperature, from `calibrate` to every command that reports probabilities. */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { parseFoldedNetwork } from "../../networks/network.ts";
import { readFoldedNetwork } from "../../networks/network_file.ts";
import { readSafetensors } from "../../safetensors/file.ts";
import { plainPng } from "../support/pictures.ts";
import { eventsOf, overfold, TINY, withTinyConfig } from "./cli.ts";

const RUN = join("runs", "tiny");
const CHECKPOINT = join(RUN, "checkpoints", "best.safetensors");
const FOLDED = join(RUN, "folded", "model.safetensors");

interface Figures {
  readonly loss: number;
  readonly expectedCalibrationError: number;
}

/** The probabilities that `predict` reports for the image, by class. */
async function predicted(folder: string): Promise<Record<string, number>> {
  const [{ predictions }] = await eventsOf(folder, "predict", FOLDED, "picture.png");
  return Object.fromEntries(
    (predictions as { name: string; probability: number }[])
      .map(({ name, probability }) => [name, probability]),
  );
}

Deno.test("calibrate stores a temperature that predict, eval, site and export use", () =>
  withTinyConfig(async (folder) => {
    await eventsOf(folder, "train", "tiny.yaml");
    await Deno.writeFile(join(folder, "picture.png"), plainPng([200, 90, 10]));
    const plain = await predicted(folder);
    const weights = (await readFoldedNetwork(join(folder, FOLDED))).tensors;

    const [found] = await eventsOf(folder, "calibrate", RUN);
    const temperature = Number(found.temperature);
    const [before, after] = [found.before, found.after] as Figures[];
    assertEquals([found.count, found.output], [24, FOLDED]);
    assert(after.loss < before.loss);
    const network = await readFoldedNetwork(join(folder, FOLDED));
    assertEquals(network.description.temperature, temperature);
    assertEquals(network.tensors, weights);

    const [measured] = await eventsOf(folder, "eval", FOLDED);
    assertAlmostEquals(Number(measured.loss), after.loss, 1e-6);
    const { expectedCalibrationError: error } = after;
    assertAlmostEquals(Number(measured.expectedCalibrationError), error, 1e-6);

    // Calibrated probabilities are proportional to p ** (1 / T).
    const calibrated = await predicted(folder);
    const powers = Object.values(plain).map((p) => p ** (1 / temperature));
    const total = powers.reduce((sum, power) => sum + power);
    for (const [name, probability] of Object.entries(plain)) {
      assertAlmostEquals(calibrated[name], probability ** (1 / temperature) / total, 1e-6);
    }

    await eventsOf(folder, "site", FOLDED, "--output", "site");
    const page = join(folder, "site", "network.safetensors");
    const shown = parseFoldedNetwork(page, await readSafetensors(page));
    assertEquals(shown.description.temperature, temperature);

    const [exported] = await eventsOf(folder, "export", FOLDED, "--no-verify");
    const onnx = await Deno.readFile(join(folder, String(exported.output)));
    assertStringIncludes(new TextDecoder().decode(onnx), "temperature");

    // Calibrating again finds the same temperature.
    const repeated = await overfold(folder, "calibrate", FOLDED);
    assertEquals(repeated.code, 0, repeated.error);
    assertStringIncludes(
      repeated.out,
      `temperature ${temperature.toFixed(4)}, fitted on 24 images`,
    );

    await eventsOf(folder, "calibrate", RUN, "--reset");
    const reset = await readFoldedNetwork(join(folder, FOLDED));
    assertEquals([reset.description.temperature, reset.tensors], [undefined, weights]);
    assertEquals(await predicted(folder), plain);
  }, TINY.replace("channels: 2", "channels: 3")));

Deno.test("calibrate rejects anything but a folded network or its run", () =>
  withTinyConfig(async (folder) => {
    await eventsOf(folder, "train", "tiny.yaml", "--set", "fold=false");
    const refused = async (message: string, ...args: string[]) => {
      const { code, error } = await overfold(folder, "calibrate", ...args);
      assertEquals(code, 2, error);
      assertStringIncludes(error, message);
    };
    await refused(`${RUN}: found no ${FOLDED}, the folded network that a training writes`, RUN);
    await refused(`${CHECKPOINT}: not a folded network: it is a checkpoint; fold it`, CHECKPOINT);
    await refused("none.safetensors", "none.safetensors");
    await refused(
      `runs is not the folder of a run but contains a run; name one, such as ${RUN}`,
      "runs",
    );
  }));
