import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { ReportData } from "../../pages/report/data.ts";
import { testInChromium } from "../support/chromium.ts";
import { CACHE, overfold, overfoldWith, parseEvents, withTinyConfig } from "./cli.ts";

testInChromium(
  "in Chromium, a report matches eval and the logs and fetches nothing",
  new URL("report_in_browser.ts", import.meta.url),
);

/** The data of a report's page. */
async function dataOf(path: string): Promise<ReportData> {
  const html = await Deno.readTextFile(path);
  const [, data] = html.match(/<script type="application\/json" id="data">(.*)<\/script>/)!;
  return JSON.parse(data);
}

Deno.test("report rejects missing and invalid arguments", () =>
  withTinyConfig(async (folder) => {
    const wrong = [
      [["runs"], "--output is missing"],
      [["runs", "--output", "r.html"], "expected the folder of a run"],
      [["runs", "--output", "metrics.jsonl"], "metrics.jsonl: the output is not a .jsonl file"],
      [["tiny.yaml", "--output", "r.html"], "tiny.yaml: expected the folder of a run"],
      [["empty", "--output", "tiny.yaml"], "tiny.yaml: the output is not a .yaml file"],
      [["empty", "--output", "r.html"], "empty: found neither config.yaml nor a checkpoint"],
      [["--output", "r.html"], "RUN is missing"],
    ] as const;
    await Deno.mkdir(join(folder, "empty"));
    for (const [args, message] of wrong) {
      const { code, error } = await overfold(folder, "report", ...args);
      assertEquals(code, 2, error);
      assertStringIncludes(error, message);
    }
  }));

Deno.test("an unfinished run is reported as far as possible, and missing parts are listed", () =>
  withTinyConfig(async (folder) => {
    const trained = await overfold(folder, "train", "tiny.yaml");
    assertEquals(trained.code, 0, trained.error);
    const run = join(folder, "runs", "tiny");
    await Deno.remove(join(run, "folded"), { recursive: true });
    const report = async (...args: string[]) => {
      const made = await overfold(
        folder,
        ...["report", "runs/tiny", "--output", "r.html", "--json", ...args],
      );
      assertEquals(made.code, 0, made.error);
      const [event] = parseEvents(made.out);
      const { runs: [data] } = await dataOf(join(folder, "r.html"));
      assertEquals(event.runs, [
        { name: "tiny", folder: "runs/tiny", status: data.status, missing: data.missing },
      ]);
      return data;
    };
    // Without a folded network, the checkpoint is evaluated.
    const unfolded = await report();
    assertEquals(unfolded.missing, [{
      what: "folded network",
      why: "a training writes runs/tiny/folded/model.safetensors at its end",
    }]);
    assertStringIncludes(unfolded.evaluation?.about ?? "", "best.safetensors on 24 images");
    assertEquals(unfolded.network?.verification, undefined);
    assertEquals(unfolded.status, "finished: 2 epochs");

    const plain = await report("--no-images");
    assertEquals(plain.evaluation, undefined);
    assertEquals(plain.missing.length, 1);
    assertEquals(plain.network?.kernels.length, 2);

    await Deno.writeTextFile(join(run, "checkpoints", "best.safetensors"), "damaged");
    await Deno.remove(join(run, "checkpoints", "last.safetensors"));
    await Deno.remove(join(run, "checkpoints", "previous.safetensors"));
    const begun = await report();
    assertEquals(begun.status, "no checkpoint; 2 of 2 epochs logged");
    assertEquals(begun.missing.map(({ what }) => what), ["checkpoint", "network"]);
    assertStringIncludes(begun.missing[0].why, "best.safetensors");
    assertEquals(begun.curves.epochs.at, [1, 2]);
  }));

Deno.test("report needs no network access, subprocesses or native code", () =>
  withTinyConfig(async (folder) => {
    const config = await Deno.readTextFile(join(folder, "tiny.yaml"));
    const trained = await overfold(folder, "train", "tiny.yaml");
    assertEquals(trained.code, 0, trained.error);
    // MNIST's images have not been downloaded.
    const other = config.replace(/dataset:\n.*\n/, "dataset: mnist\n");
    await Deno.writeTextFile(join(folder, "mnist.yaml"), other);
    const made = await overfoldWith(
      ["--deny-net", "--deny-run", "--deny-ffi"],
      folder,
      ...["report", "runs/tiny", "--output", "r.html", "--config", "mnist.yaml"],
    );
    assertEquals(made.code, 0, made.error);
    assertStringIncludes(made.out, "tiny: no evaluation: ");
    const { runs: [{ missing, network }] } = await dataOf(join(folder, "r.html"));
    assertEquals(missing.map(({ what }) => what), ["evaluation"]);
    assertStringIncludes(network?.verification ?? "", "on 256 images of noise");
    assert((await Deno.stat(join(folder, CACHE)).catch(() => undefined))?.isFile !== true);
  }));
