/** `overfold tune`: finds the fastest WebGPU kernels for a config on this adapter. */

import { loweringFor } from "../backends/webgpu/compile.ts";
import { openDevice } from "../backends/webgpu/device.ts";
import { quietDriver } from "../backends/webgpu/quiet_driver.ts";
import { tunableKernels, type TunedKernel, tuneKernel } from "../backends/webgpu/tune.ts";
import { saveTuning } from "../backends/webgpu/tuning.ts";
import { fileTuningStore } from "../backends/webgpu/tuning_store.ts";
import { formatCount, formatTable } from "../reporting/format.ts";
import { type Command, setOption } from "./command.ts";
import { countsOf } from "./load_data.ts";
import { buildNetwork, planNetwork, programsOf, readConfig } from "./prepare.ts";

export const command: Command = {
  positionals: [{ name: "CONFIG", help: "A config file in YAML" }],
  options: { set: setOption() },
  details:
    "Runs all kernel variants of each convolution and matrix product at the shapes of the config's\n" +
    "training and validation on this machine's WebGPU adapter, checks that they compute the same as the\n" +
    "built-in choice, and records the fastest. Every later command uses it for this adapter, driver and\n" +
    "shape. No data is loaded.",
  async run(args, context) {
    const file = await readConfig(args.positionals[0], args, context);
    const { architecture, description, info } = await planNetwork(file);
    const counts = countsOf(file.config.data, info);
    const programs = programsOf(file, buildNetwork(file, architecture), description, counts);
    quietDriver();
    const device = await openDevice({ warn: (line) => context.progress.print(`warning: ${line}`) });
    try {
      // Adds nothing, but reveals now whether the results can be stored.
      await saveTuning(fileTuningStore(), device.gpu.adapterInfo, new Map());
      const kernels = tunableKernels(programs, loweringFor(device));
      const tuned: TunedKernel[] = [];
      for (const kernel of kernels) {
        context.progress.update(() =>
          `kernel ${tuned.length + 1} of ${kernels.length}: ${kernel.node.op.name}, ` +
          `${kernel.variants.length} variants`
        );
        const found = await tuneKernel(kernel, device);
        // Stored at once: the next kernel's variants may crash the driver.
        const winner = new Map([[found.key, found.fastest]]);
        await saveTuning(fileTuningStore(), device.gpu.adapterInfo, winner);
        for (const { name, problem } of found.variants) {
          if (problem) context.progress.print(`left out, ${found.key}: ${name}: ${problem}`);
        }
        context.emit({ ...found });
        tuned.push(found);
      }
      context.progress.finish();
      context.print(formatTable([
        ["kernel", "fastest variant", "ms", "built-in, ms", "tried"],
        ...tuned.map(rowOf),
      ], ["left", "left", "right", "right", "right"]));
      const changed = tuned.filter(({ fastest, variants }) => fastest !== variants[0].name);
      context.print(
        `${device.description}: ${formatCount(tuned.length)} kernels tuned, ` +
          `${formatCount(changed.length)} of them faster than the built-in choice`,
      );
    } finally {
      device.destroy();
    }
  },
};

function rowOf({ key, fastest, variants }: TunedKernel): string[] {
  const time = (name: string) =>
    variants.find((variant) => variant.name === name)?.milliseconds?.toFixed(3) ?? "";
  // The shapes of an op matter more to a reader than its options.
  const [kernel] = key.split(" {");
  return [kernel, fastest, time(fastest), time(variants[0].name), formatCount(variants.length)];
}
