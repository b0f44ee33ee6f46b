/** Small versions of published datasets of images, served from this machine. */
import { createHash } from "node:crypto";
import { readImages } from "../../datasets/image_source.ts";
import {
  openPublishedPictures,
  type PublishedPictures,
} from "../../datasets/published_pictures.ts";
import type { OpenOptions } from "../../datasets/dataset.ts";
import { viewed } from "../../datasets/views.ts";
import { type Reply, type Request, startFaultServer } from "../datasets/fault_server.ts";
import { withFolder } from "./folder.ts";
import { tarOf } from "./tar.ts";

/** `md5:HEX` of some bytes. */
export const md5 = (bytes: Uint8Array) => `md5:${createHash("md5").update(bytes).digest("hex")}`;

/**
 * The red of images and their classes, sorted by red; each image is expected to have one colour.
 */
export type Reds = readonly (readonly [red: number, label: number])[];

/** The images of both splits. */
export async function loadReds(
  dataset: PublishedPictures,
  where: OpenOptions,
): Promise<{ readonly train: Reds; readonly test: Reds }> {
  const opened = openPublishedPictures(dataset, where);
  const { load } = viewed(opened, { evalTransforms: [{ name: "fit", size: 1 }] });
  const { train, test } = await load();
  const redsOf = async (source: typeof train): Promise<Reds> => {
    const pixels = await readImages(source);
    const { data } = source.targets.labels;
    return Array.from({ length: source.count }, (_, i) => [pixels[3 * i], data[i]] as const)
      .sort(([a], [b]) => a - b);
  };
  return { train: await redsOf(train), test: await redsOf(test) };
}

/** A `.tar.gz` of these files; text is encoded as UTF-8. */
export async function tarGzOf(
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const tar = new Blob([await tarOf(files)]).stream();
  return await new Response(tar.pipeThrough(new CompressionStream("gzip"))).bytes();
}

/** A dataset on a mirror, for a test. */
export interface Mirrored {
  /** With the checksums of the files here, which only the mirror has. */
  readonly dataset: PublishedPictures;
  readonly where: { readonly cache: string; readonly mirror: string };
  readonly requests: readonly Request[];
}

/**
 * Serves the files of a dataset and runs a test with it.
 *
 * @param files by name
 */
export async function withMirror(
  dataset: PublishedPictures,
  files: Readonly<Record<string, Uint8Array>>,
  test: (mirrored: Mirrored) => Promise<void>,
  answer: (request: Request, body: Uint8Array) => Reply = (_, body) => ({ body }),
): Promise<void> {
  const bodies = new Map(
    dataset.remoteFiles.map(({ name, mirrorPath }) => [`/${mirrorPath}`, files[name]]),
  );
  await using server = startFaultServer((request) => {
    const body = bodies.get(request.path);
    return body ? answer(request, body) : { status: 404 };
  });
  const remoteFiles = dataset.remoteFiles.map((file) => {
    const bytes = files[file.name];
    return { ...file, urls: [], checksum: md5(bytes), bytes: bytes.length };
  });
  await withFolder((cache) =>
    test({
      dataset: { ...dataset, remoteFiles },
      where: { cache, mirror: server.url },
      requests: server.requests,
    })
  );
}
