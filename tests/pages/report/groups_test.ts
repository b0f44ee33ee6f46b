import { assertEquals } from "@std/assert";
import type { RunData } from "../../../pages/report/data.ts";
import { bandOf, differingKeys, groupsOf } from "../../../pages/report/groups.ts";

function run(name: string, config: Record<string, string>): RunData {
  return {
    name,
    folder: name,
    status: "",
    missing: [],
    command: "",
    config: { name, output: "runs", ...config },
    metrics: {},
    monitor: "accuracy",
    curves: {
      epochs: { at: [], steps: [], train: {}, learningRate: [], validation: {}, time: {} },
      steps: { at: [], values: {} },
      stepsAveraged: 1,
    },
    environment: [],
    files: [],
  };
}

Deno.test("runs that differ only in the seed are a group, named by keys that differ between groups", () => {
  const runs = [
    run("a", { seed: "0", "model.convolution.name": "do_conv", "data.root": "/here" }),
    run("b", { seed: "0", "model.convolution.name": "conv", "data.root": "/here" }),
    run("c", { seed: "1", "model.convolution.name": "do_conv", "data.root": "/there" }),
  ];
  assertEquals(
    groupsOf(runs).map(({ name, runs }) => [name, runs.map(({ name }) => name)]),
    [["convolution do_conv", ["a", "c"]], ["convolution conv", ["b"]]],
  );
  assertEquals(differingKeys(runs), ["name", "seed", "model.convolution.name", "data.root"]);
});

Deno.test("a single group, or one that differs in many keys, is named after its first run", () => {
  assertEquals(groupsOf([run("a", { seed: "0" })])[0].name, "a");
  const many = ["one", "two"].map((value) =>
    run(value, Object.fromEntries(["a", "b", "c", "d"].map((key) => [key, value])))
  );
  assertEquals(groupsOf(many).map(({ name }) => name), ["one", "two"]);
  const left = [run("a", { x: "1" }), run("b", {})];
  assertEquals(groupsOf(left).map(({ name }) => name), ["x 1", "x not set"]);
});

Deno.test("a band is the mean and range of the runs' values at each step", () => {
  const runs = [run("a", {}), run("b", {})];
  const [group] = groupsOf(runs);
  const curves: Record<string, { at: number[]; values: (number | null)[] }> = {
    // 2 occurs twice: as a step and as the end of an epoch.
    a: { at: [3, 1, 2, 2], values: [5, 1, 9, 2] },
    b: { at: [1, 2, 4], values: [3, null, 8] },
  };
  assertEquals(bandOf(group, ({ name }) => curves[name]), {
    x: [1, 2, 3, 4],
    mean: [2, 2, 5, 8],
    band: { low: [1, 2, 5, 8], high: [3, 2, 5, 8] },
  });
  assertEquals(bandOf({ ...group, runs: [runs[0]] }, ({ name }) => curves[name]), {
    x: [1, 2, 3],
    mean: [1, 2, 5],
  });
});
