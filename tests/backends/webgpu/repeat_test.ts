import { assertEquals } from "@std/assert";
import { layoutState, PARAMETERS } from "../../../layers/state.ts";
import { DoConvNet } from "../../../models/do_conv_net.ts";
import { stepScalars, trainingProgram } from "../../../training/step_program.ts";
import { gpuBackend, gpuTest, randomData } from "./gpu.ts";
import { uploadState } from "../../support/state.ts";

gpuTest("training from one state twice gives the same bits", async () => {
  const model = new DoConvNet({
    classes: 4,
    inputChannels: 3,
    inputSize: [16, 16],
    convolution: "do_conv",
    widths: [8, 8, 8, 8],
    hidden: 8,
  });
  const layout = layoutState(model);
  const recipe = { optimizer: { name: "adam", learningRate: 0.01 } } as const;
  const shape = [3, 16, 16];
  const program = trainingProgram(model, layout, recipe, { kind: "tensors", shape }, 4);
  const train = async () => {
    const executable = await (await gpuBackend()).compile([program]);
    uploadState(layout, executable);
    const steps = [0, 1, 2].map((step) => {
      const scalars = Object.entries(stepScalars(recipe, step, { learningRate: 0.01 }));
      return executable.run("train", {
        x: randomData([4, ...shape], step + 1),
        labels: Int32Array.of(0, 1, 2, 3),
        ...Object.fromEntries(scalars.map(([name, value]) => [name, Float32Array.of(value)])),
      });
    });
    const losses = (await Promise.all(steps)).map(({ loss }) => loss[0]);
    const parameters = await executable.read(PARAMETERS);
    executable.dispose();
    return { losses, parameters };
  };
  assertEquals(await train(), await train());
});
