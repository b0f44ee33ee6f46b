/** A run whose network classifies a few images. */
import { join } from "@std/path";
import encodePng from "npm:@jsquash/png@3.1.1/encode.js";
import { TINY, withTrainedRun } from "./cli.ts";

/** The run's checkpoint. */
export const CHECKPOINT = join("runs", "tiny", "checkpoints", "best.safetensors");

/** Runs `work` in a folder with a run on colour images, and five images in `pictures/`. */
export function withPictures(work: (folder: string) => Promise<void>): Promise<void> {
  const args = ["--set", "fold=false", "--set", "training.epochs=1"];
  return withTrainedRun(
    async (folder) => {
      await Deno.mkdir(join(folder, "pictures", "more"), { recursive: true });
      for (const [i, name] of ["a.png", "b.png", "c.PNG", "d.png", "more/e.png"].entries()) {
        const pixels = new Uint8ClampedArray(12 * 16 * 4).map((_, at) => (at * (37 + i)) % 256);
        const png = await encodePng(new ImageData(pixels, 16, 12));
        await Deno.writeFile(join(folder, "pictures", name), new Uint8Array(png));
      }
      await work(folder);
    },
    TINY.replace("channels: 2", "channels: 3"),
    ...args,
  );
}

/** The images of {@link withPictures}. */
export const PICTURES = ["a.png", "b.png", "c.PNG", "d.png", join("more", "e.png")]
  .map((name) => join("pictures", name));
