import { assertEquals } from "@std/assert";
import { DoConv2d } from "../../../layers/do_conv2d.ts";
import { PARAMETERS } from "../../../layers/state.ts";
import { DoConvNet } from "../../../models/do_conv_net.ts";
import { resolveRecipe } from "../../../training/recipe.ts";
import { stepProgram } from "../../../training/step_program.ts";
import { scalarInputs, tensorInput } from "../../support/training_programs.ts";
import { gpuBackend, gpuTest, randomData } from "./gpu.ts";
import { uploadState } from "../../support/state.ts";

gpuTest("training twice from one state gives the same bits", async () => {
  const model = new DoConvNet({
    classes: 4,
    inputChannels: 3,
    inputSize: [16, 16],
    convolution: (options) => new DoConv2d(options),
    widths: [8, 8, 8, 8],
    hidden: 8,
  });
  const options = { optimizer: { name: "adam", learningRate: 0.01 } } as const;
  const recipe = resolveRecipe(model, options, { classes: 4 });
  const shape = [3, 16, 16];
  const program = stepProgram({ recipe, traceInput: tensorInput(shape), batchSize: 4 });
  const train = async () => {
    const executable = await (await gpuBackend()).compile([program]);
    uploadState(recipe.layout, executable);
    const steps = [0, 1, 2].map((step) =>
      executable.run("train", {
        x: randomData([4, ...shape], step + 1),
        labels: Int32Array.of(0, 1, 2, 3),
        ...scalarInputs(recipe, step, 0.01),
      })
    );
    const losses = (await Promise.all(steps)).map(({ loss }) => loss[0]);
    const parameters = await executable.read(PARAMETERS);
    executable.dispose();
    return { losses, parameters };
  };
  assertEquals(await train(), await train());
});
