/**
 * Speed of reading JPEG images of 500 × 375 for training against PIL on the same machine, two
 * threads against two processes: `read.ts` and `pil.py` in turn.
 *
 *     deno run --allow-run --allow-write --allow-read bench/pictures/compare.ts cifar10-jpeg.tar [--rounds 7]
 *         [--count 2000] [--threads 2] [--folder FOLDER]
 *
 * The argument is an archive of images, `train/CLASS/NAME.jpg`, from which larger ones are made
 * (see `pil.py`); `--folder` keeps them for the next time. Needs a Python with PIL and NumPy
 * (Debian: python3-pil, python3-numpy).
 */
import { parseArgs } from "node:util";
import { compareInTurn, lastLine } from "../rival.ts";

const { values: options, positionals: [archive] } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "7" },
    count: { type: "string", default: "2000" },
    threads: { type: "string", default: "2" },
    folder: { type: "string" },
    python: { type: "string", default: "/usr/bin/python3" },
  },
});
const { threads, count, python } = options;
const folder = options.folder ?? await Deno.makeTempDir();
const pil = ["bench/pictures/pil.py"];

try {
  await Deno.lstat(`${folder}/train`).catch(async () => {
    console.log(`making ${count} images`);
    await lastLine(python, [...pil, "make", archive, folder, "--count", count]);
  });
  await compareInTurn(
    `images of 500 x 375, ${threads} threads`,
    "PIL",
    Number(options.rounds),
    () =>
      lastLine(Deno.execPath(), [
        ...["run", "--no-prompt", "--allow-read", "--allow-write"],
        ...["--allow-env", "bench/pictures/read.ts", folder, "--workers", threads],
      ]),
    () => lastLine(python, [...pil, "read", folder, "--processes", threads]),
  );
} finally {
  if (options.folder === undefined) await Deno.remove(folder, { recursive: true });
}
