/** `overfold eval`: loss and metrics of a checkpoint or a folded network. */

import { basename } from "@std/path";
import { loadNetwork } from "../checkpoints/load.ts";
import { inSeveralViews } from "../datasets/sources/transformed.ts";
import { viewCount } from "../datasets/test_time.ts";
import { InputError } from "../errors.ts";
import { requireFiniteWeights } from "../networks/finite.ts";
import { formatNumberOf } from "../reporting/format.ts";
import { evaluateNetwork } from "../training/evaluate.ts";
import { formatMetric, lossLast } from "../training/metrics/metric.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import type { Command } from "./command.ts";
import { checkConfusionFiles, writeConfusion } from "./confusion_files.ts";
import { objectiveFor } from "./load_data.ts";
import { chosenTta, ttaOption } from "./tta.ts";
import {
  evaluating,
  imagesOptions,
  loadValidationImages,
  warnOfReplaced,
} from "./validation_images.ts";

export const command: Command = {
  positionals: [{ name: "CHECKPOINT", help: "A checkpoint, or a folded network" }],
  options: {
    ...imagesOptions,
    confusion: {
      value: "FILE",
      repeated: true,
      help: "Write the confusion matrix: as numbers (.csv) or a diagram (.html)",
    },
    tta: ttaOption,
    backend: backendOption("the config's"),
  },
  details:
    "Evaluates on the validation images of the config, in inference mode, and prints how well each class\n" +
    "is recognized and which classes are confused. Missing images are downloaded only if you name the\n" +
    "config, not for the config stored with the network; for that one at most 64 MiB of images are\n" +
    "generated, and its folders are read only if a training here has used them.\n" +
    "--tta averages over each image as it is and mirrored (flip), its corners and center (five_crop), or\n" +
    "both (ten_crop).",
  async run(args, context) {
    const [path] = args.positionals;
    const files = args.texts("confusion");
    const testTime = chosenTta(args);
    await checkConfusionFiles(files, [path, args.text("config") ?? path]);
    const network = await loadNetwork(path);
    requireFiniteWeights(path, network.program(1));
    const { file, info, validation: images } = await loadValidationImages(
      path,
      network,
      args,
      context,
    );
    const { config } = file;
    const validation = testTime ? file.at("data", () => inSeveralViews(images, testTime)) : images;
    const objective = objectiveFor(file, info);
    const report = objective.report(network.description.classNames);
    const matrix = report.confusion;
    if (files.length > 0 && !matrix) {
      throw new InputError(
        `--confusion: with the objective ${objective.name} an image has no single class, so ` +
          "there is no confusion matrix",
      );
    }
    const metrics = await evaluateNetwork(
      network,
      validation,
      await openChosen(chosenBackend(args, config), context),
      {
        objective,
        batchSize: config.data.evalBatchSize,
        views: testTime && viewCount(testTime),
        onProgress: evaluating(validation.count, context.progress),
        tally: report,
      },
    );
    context.progress.finish();
    warnOfReplaced(validation, context.progress);
    const names = lossLast(Object.keys(objective.metrics));
    const result = [
      ...names.map((name) => {
        const info = objective.metrics[name];
        return `${info.title} ${formatMetric(info, metrics[name])}`;
      }),
      formatNumberOf(metrics.count, "image"),
    ];
    context.print([result.join("  "), ...report.tables()].join("\n\n"));
    context.emit({
      ...Object.fromEntries(names.map((name) => [name, metrics[name]])),
      count: metrics.count,
      ...report.details(),
    });
    const caption = { title: `${basename(path)} on ${info.name}`, result: result.join(", ") };
    if (matrix) { for (const file of files) await writeConfusion(file, matrix, caption); }
    if (files.length > 0) context.print(`\nconfusion matrix: ${files.join(", ")}`);
  },
};
