/** Former names still work, with one warning each. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { cpuBackend } from "../../backends/wasm/mod.ts";
import { parseArguments } from "../../cli/command.ts";
import { command } from "../../cli/export.ts";
import { loadDataset } from "../../datasets/open.ts";
import { dtypeOf } from "../../onnx/export.ts";
import { type InFlightLimit, pipelined } from "../../training/pipeline.ts";
import { plainPng, withFiles } from "../support/pictures.ts";

/** The warnings of `work`, which runs twice. */
async function warningsOf(work: () => unknown): Promise<string[]> {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (line: string) => warnings.push(line);
  try {
    await work();
    await work();
  } finally {
    console.warn = warn;
  }
  return warnings.map((line) => line.split(";")[0]);
}

Deno.test("the former name of the partition among threads works", async () => {
  const warnings = await warningsOf(() => {
    const { numerics } = cpuBackend({ threads: { schedule: "dynamic" } });
    assertEquals(numerics.partition, "dynamic");
  });
  assertEquals(warnings, ["warning: schedule of threads is now called partition"]);
});

Deno.test("the former name of the storage type of ONNX files works", async () => {
  const warnings = await warningsOf(() => assertEquals(dtypeOf({ precision: "f16" }), "f16"));
  assertEquals(warnings, ["warning: OnnxOptions.precision is now called dtype"]);
});

Deno.test("the former name of a command line option works", async () => {
  const warnings = await warningsOf(() => {
    for (const given of [["--precision", "f16"], ["--precision=f16"]]) {
      assertEquals(parseArguments("export", command, ["x", ...given]).text("dtype"), "f16");
    }
  });
  assertEquals(warnings, ["warning: --precision is now called --dtype"]);
});

Deno.test("the former name of a backend's limit of runs in flight works", async () => {
  const backend = { runsPerReadback: 2 } as unknown as InFlightLimit;
  let inFlight = 0, most = 0;
  const run = async () => {
    most = Math.max(most, ++inFlight);
    await new Promise((resolve) => setTimeout(resolve, 1));
    inFlight--;
  };
  const warnings = await warningsOf(async () => {
    async function* items() {
      for (let i = 0; i < 20; i++) yield i;
    }
    await Array.fromAsync(pipelined(items(), backend, run));
  });
  assertEquals(most, 4);
  assertEquals(warnings, [
    "warning: Backend.runsPerReadback is now called Backend.runsInFlight, of twice the value",
  ]);
});

Deno.test("the former name of the function that receives skipped files works", () => {
  const image = plainPng([0, 0, 0]);
  const files = Object.fromEntries(
    ["a/0", "a/1", "b/0", "b/1"].map((name) => [`${name}.png`, image]),
  );
  return withFiles({ ...files, "b/x.txt": "" }, async (root) => {
    const skipped: string[] = [];
    const warnings = await warningsOf(() =>
      loadDataset({ name: "image_folder", root, holdOut: { share: 0.5 } }, {
        trainTransforms: [{ name: "fit", size: 2 }],
        onPassedOver: ({ path }) => skipped.push(path),
      })
    );
    assertEquals(skipped, Array(2).fill(join(root, "b/x.txt")));
    assertEquals(warnings, ["warning: onPassedOver of datasets is now called onSkipped"]);
  });
});
