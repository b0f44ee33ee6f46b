/** A temperature, from `calibrate` to everything that tells probabilities. */
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { parseFoldedNetwork } from "../../networks/network.ts";
import { readFoldedNetwork } from "../../networks/network_file.ts";
import { readSafetensors } from "../../safetensors/file.ts";
import { plainPng } from "../support/pictures.ts";
import { overfold, parseEvents, TINY, withTinyConfig } from "./cli.ts";

const RUN = join("runs", "tiny");
const CHECKPOINT = join(RUN, "checkpoints", "best.safetensors");
const FOLDED = join(RUN, "folded", "model.safetensors");

interface Figures {
  readonly loss: number;
  readonly expectedCalibrationError: number;
}

/** Runs a command that must succeed, and gives its events. */
async function events(folder: string, ...args: string[]) {
  const { code, out, error } = await overfold(folder, ...args, "--json");
  assertEquals(code, 0, error);
  return parseEvents(out);
}

/** The probabilities that `predict` tells of the picture, by class. */
async function predicted(folder: string): Promise<Record<string, number>> {
  const [{ predictions }] = await events(folder, "predict", FOLDED, "picture.png");
  return Object.fromEntries(
    (predictions as { name: string; probability: number }[])
      .map(({ name, probability }) => [name, probability]),
  );
}

Deno.test("the temperature that calibrate keeps is that of predict, eval, site and export", () =>
  withTinyConfig(async (folder) => {
    await events(folder, "train", "tiny.yaml");
    await Deno.writeFile(join(folder, "picture.png"), plainPng([200, 90, 10]));
    const plain = await predicted(folder);
    const weights = (await readFoldedNetwork(join(folder, FOLDED))).tensors;

    const [found] = await events(folder, "calibrate", RUN);
    const temperature = Number(found.temperature);
    const [before, after] = [found.before, found.after] as Figures[];
    assertEquals([found.count, found.output], [24, FOLDED]);
    assert(after.loss < before.loss);
    const network = await readFoldedNetwork(join(folder, FOLDED));
    assertEquals(network.description.temperature, temperature);
    assertEquals(network.tensors, weights);

    const [measured] = await events(folder, "eval", FOLDED);
    assertAlmostEquals(Number(measured.loss), after.loss, 1e-6);
    const { expectedCalibrationError: error } = after;
    assertAlmostEquals(Number(measured.expectedCalibrationError), error, 1e-6);

    // Of probabilities p the calibrated ones are as p to the power of 1 / T.
    const calibrated = await predicted(folder);
    const powers = Object.values(plain).map((p) => p ** (1 / temperature));
    const total = powers.reduce((sum, power) => sum + power);
    for (const [name, probability] of Object.entries(plain)) {
      assertAlmostEquals(calibrated[name], probability ** (1 / temperature) / total, 1e-6);
    }

    await events(folder, "site", FOLDED, "--output", "site");
    const page = join(folder, "site", "network.safetensors");
    const shown = parseFoldedNetwork(page, await readSafetensors(page));
    assertEquals(shown.description.temperature, temperature);

    const [exported] = await events(folder, "export", FOLDED, "--no-verify");
    const onnx = await Deno.readFile(join(folder, String(exported.output)));
    assertStringIncludes(new TextDecoder().decode(onnx), "temperature");

    // Calibrating anew finds the same.
    const repeated = await overfold(folder, "calibrate", FOLDED);
    assertEquals(repeated.code, 0, repeated.error);
    assertStringIncludes(
      repeated.out,
      `temperature ${temperature.toFixed(4)}, fitted on 24 images`,
    );

    await events(folder, "calibrate", RUN, "--reset");
    const reset = await readFoldedNetwork(join(folder, FOLDED));
    assertEquals([reset.description.temperature, reset.tensors], [undefined, weights]);
    assertEquals(await predicted(folder), plain);
  }, TINY.replace("channels: 2", "channels: 3")));

Deno.test("calibrate says what it calibrates", () =>
  withTinyConfig(async (folder) => {
    await events(folder, "train", "tiny.yaml", "--set", "fold=false");
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
