/** `overfold datasets`: lists datasets, downloads one, and checks the user's own images. */

import { bareNames, type Entry, findEntry } from "../schema/entry.ts";
import { suggestion } from "../schema/nearest.ts";
import type { OpenDataset } from "../datasets/dataset.ts";
import type { DownloadProgress } from "../datasets/download.ts";
import { type DatasetChoice, openDataset } from "../datasets/open.ts";
import { datasetNames, DATASETS } from "../datasets/registry.ts";
import { InputError } from "../errors.ts";
import { formatBytes, formatCount, formatTable, wrapText } from "../reporting/format.ts";
import { type Arguments, callOf, type Command, type Context, setOption } from "./command.ts";
import { checkPictures, isConfig } from "./datasets_check.ts";
import { downloadLine, openImages } from "./load_data.ts";
import { readConfig } from "./prepare.ts";

/** What each action takes besides its name; the other options are errors. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  list: [],
  download: ["root", "mirror", "checksum", "set"],
  check: ["sheet", "set"],
};

export const command: Command = {
  positionals: [
    { name: "ACTION", help: "list, download, or check" },
    {
      name: "NAME",
      help:
        "Dataset to download, or a config that names it; to check, a folder, a list or a config",
      optional: true,
    },
  ],
  options: {
    root: {
      value: "DIR",
      help: "Folder with the files: they are verified, nothing is downloaded",
    },
    mirror: { value: "URL", help: "Server to try before the official ones" },
    checksum: {
      value: "FILE=SUM",
      repeated: true,
      help: "Checksum instead of the official one: sha256:HEX, md5:HEX or none",
    },
    set: setOption("a config", "data.dataset.size=160"),
    sheet: {
      value: "FILE",
      help: "File for check's contact sheet; by default contact_sheet.png, or none",
    },
  },
  details:
    "check decodes every image and reports how many there are in each class, their sizes, which ones are\n" +
    "broken, which are skipped although they are images, and which occur several times, perhaps in both\n" +
    "training and validation. The exit code is 1 if it finds any problem.\n\n" +
    wrapText(`Datasets: ${datasetNames().join(", ")}`, 100).join("\n"),
  async run(args, context) {
    const [action, name] = args.positionals;
    if (!Object.hasOwn(ACTIONS, action)) {
      const names = Object.keys(ACTIONS);
      throw new InputError(
        `overfold datasets: unknown action "${action}"${suggestion(action, names, "actions")}`,
      );
    }
    const option = Object.values(ACTIONS).flat()
      .find((option) =>
        !ACTIONS[action].includes(option) && (args.text(option) ?? args.texts(option).at(0))
      );
    if (option !== undefined || action === "list" && name !== undefined) {
      throw new InputError(
        `overfold datasets ${action}: ${
          option === undefined ? "a name" : `--${option}`
        } does not apply`,
      );
    }
    if (action === "list") await list(context);
    else if (name !== undefined) {
      await (action === "check" ? checkPictures : fetchDataset)(name, args, context);
    } else {
      throw new InputError(
        action === "check"
          ? "overfold datasets check: a folder of images, a list or a config is missing"
          : "overfold datasets download: NAME is missing; `overfold datasets list` shows the names",
      );
    }
  },
};

async function list(context: Context): Promise<void> {
  const rows = [[
    "name",
    "classes",
    "image",
    "training",
    "test",
    "download",
    "in the cache",
    "options",
  ]];
  for (const dataset of await knownDatasets()) {
    const { info: { name, classNames, imageShape, sizes }, downloadBytes } = dataset;
    const folder = await cachedFolder(dataset);
    const options = Object.keys(findEntry<Entry>(DATASETS, name, "dataset").schema.shape);
    const { height, width, channels } = imageShape;
    rows.push([
      name,
      String(classNames.length),
      `${height}x${width}x${channels}`,
      formatCount(sizes.train),
      formatCount(sizes.test),
      downloadBytes === undefined ? "" : formatBytes(downloadBytes),
      dataset.locate ? folder ?? "no" : "computed",
      options.join(", "),
    ]);
    const classes = classNames.length;
    context.emit({ name, classes, imageShape, ...sizes, downloadBytes, folder, options });
  }
  context.print(formatTable(rows, ["left", "right", "right", "right", "right", "right"]));
  const init = callOf("init", context.call);
  context.print(
    `\nYour own images need no name: \`${init} --images PATH\` writes a config for them.`,
  );
}

async function fetchDataset(name: string, args: Arguments, context: Context): Promise<void> {
  const [root, mirror] = [args.text("root"), args.text("mirror")];
  const sums = args.texts("checksum").map(parseChecksumOption);
  const options = {
    ...(root === undefined ? {} : { root }),
    ...(mirror === undefined ? {} : { mirror }),
    ...(sums.length === 0 ? {} : { checksums: Object.fromEntries(sums) }),
    onProgress: (progress: DownloadProgress) =>
      context.progress.update(() => downloadLine(progress)),
    onNotice: (line: string) => context.progress.print(line),
  };
  const { info, locate, load } = isConfig(name)
    ? await openImages(await readConfig(name, args, context), options)
    : await openDataset(name as DatasetChoice, options);
  const folder = await locate?.();
  // Existing files are read too: they may not be what was downloaded.
  if (folder !== undefined) await load();
  context.progress.finish();
  context.print(folder ?? `${info.name} is generated or your own; there is nothing to download`);
  context.emit({ name: info.name, folder: folder ?? null });
}

/** The datasets that need no option, opened without a download. */
export async function knownDatasets(): Promise<OpenDataset[]> {
  return await Promise.all(
    bareNames(DATASETS).map((name) => openDataset(name, { download: false })),
  );
}

/**
 * Where a dataset that was opened without a download is in the cache; `null` if it is not there, or
 * has no files.
 */
export async function cachedFolder({ locate }: OpenDataset): Promise<string | null> {
  try {
    return await locate?.() ?? null;
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

function parseChecksumOption(text: string): [string, string] {
  const [, file, sum] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (file === undefined) {
    throw new InputError(`--checksum ${text}: expected FILE=sha256:HEX, FILE=md5:HEX or FILE=none`);
  }
  return [file, sum];
}
