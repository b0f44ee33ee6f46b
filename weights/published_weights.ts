/**
 * Published weights by name: `torchvision/resnet18` and `timm/resnet18.a1_in1k`. They are downloaded
 * once, from the official servers or a mirror, and cached. Their checksum is verified: torchvision's
 * is part of the file name, timm's comes from Hugging Face.
 */
import { dirname, join } from "node:path";
import { InputError, RunError } from "../errors.ts";
import {
  download,
  DownloadError,
  type DownloadOptions,
  type DownloadProgress,
} from "../datasets/download.ts";
import { cacheFolder } from "../files/cache.ts";
import { type Checksum, digestOfFile, hasDigest } from "../files/checksum.ts";
import { exists } from "../files/exists.ts";
import { withLock } from "../files/lock.ts";
import { explainRefusal } from "../files/refusal.ts";
import { someOf } from "../reporting/format.ts";
import { nearestName } from "../schema/nearest.ts";
import { TORCHVISION } from "./torchvision_weights.ts";

/** Options of {@link locateWeights}. */
export interface LocateWeightsOptions {
  /** Address of a mirror, tried before the official servers. */
  readonly mirror?: string;
  /** Overfold's cache. Default {@link cacheFolder}. */
  readonly cache?: string;
  /** Receives the progress of the download after every chunk. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Receives one-line notices for the user. */
  readonly onNotice?: (line: string) => void;
  /** Rounds through the servers. Default 5. */
  readonly rounds?: number;
  /** Waits the given number of milliseconds between rounds; replaced in tests. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
}

/** A file of weights and where it is published. */
interface PublishedFile {
  /** Its path in the cache, below `weights`. */
  readonly place: string;
  /** The official server, and the file's path there and on a mirror. */
  readonly server: string;
  readonly path: string;
}

const TORCHVISION_SERVER = "https://download.pytorch.org/models";
const HUGGING_FACE = "https://huggingface.co";

/** Most bytes of a weights file, more than any classifier's. */
const MAX_BYTES = 2 ** 32;

/** Most bytes of a Git LFS pointer, which contains a file's checksum. */
const MAX_OF_POINTER = 1024;

/**
 * What a name that is not a file may have meant, as a hint; undefined if it does not resemble a name of
 * published weights.
 */
export function adviceForName(name: string): string | undefined {
  const [library, model] = /^([\w-]+)\/([^/\\]*)$/.exec(name)?.slice(1) ?? [];
  if (library === undefined || /\.(pth?|ckpt|bin|onnx|safetensors)$/.test(model)) return undefined;
  const meant = nearestName(library, ["torchvision", "timm"]);
  return "names of published weights begin with torchvision/ or timm/" +
    (meant === undefined || model === "" ? "" : `; did you mean "${meant}/${model}"?`);
}

/** Whether `model.pretrained` names published weights rather than a file. */
export function isPublished(name: string): boolean {
  return /^(torchvision|timm)\/[^/\\]+$/.test(name);
}

/**
 * The file of published weights `torchvision/MODEL` (torchvision's default weights),
 * `torchvision/MODEL.IMAGENET1K_V1` or `timm/MODEL.TAG`, downloaded if needed. If several processes want
 * the same file, one downloads it and the others wait. Throws InputError for an unknown name, RunError if
 * no server has the file.
 */
export async function locateWeights(
  name: string,
  options: LocateWeightsOptions = {},
): Promise<string> {
  const [library, model] = name.split("/");
  const home = join(options.cache ?? cacheFolder(), "weights", library);
  const wait = () => options.onNotice?.(`${name}: waiting for another process to download it`);
  try {
    return await withLock(
      join(home, `${model}.lock`),
      () =>
        library === "timm" ? timmFile(model, home, options) : torchvisionFile(model, home, options),
      wait,
    );
  } catch (error) {
    if (error instanceof DownloadError) {
      throw new RunError(
        `${error.message}\nWithout a network, fetch ${addressOf(name)} elsewhere and name ` +
          `the file instead of ${name}`,
        { cause: error },
      );
    }
    throw explainRefusal(home, error, "name another cache by the environment's OVERFOLD_CACHE");
  }
}

/** The official address of published weights. Throws InputError for an unknown name. */
export function addressOf(name: string): string {
  const [library, model] = name.split("/");
  return library === "timm"
    ? `${HUGGING_FACE}/${timmPath(model, "resolve")}`
    : `${TORCHVISION_SERVER}/${torchvisionName(model)}`;
}

/** The file of torchvision's weights. Throws InputError for an unknown name. */
function torchvisionName(model: string): string {
  const [name, version] = model.split(".");
  const files = Object.hasOwn(TORCHVISION, name) ? TORCHVISION[name] : [];
  const number = version === undefined ? files.length : ["", ...VERSIONS].indexOf(version);
  const file = files[number - 1];
  if (file === undefined) {
    const versions = VERSIONS.slice(0, files.length).map((version) => `${name}.${version}`);
    const known = versions.length > 0 ? versions : Object.keys(TORCHVISION);
    const meant = versions.length > 0 ? undefined : nearestName(model, known);
    throw new InputError(
      `torchvision/${model} is not known; ` +
        (meant === undefined
          ? `there are ${someOf(known, known.length)}; other weights are named by their file`
          : `did you mean "torchvision/${meant}"?`),
    );
  }
  return file;
}

async function torchvisionFile(
  model: string,
  home: string,
  options: LocateWeightsOptions,
): Promise<string> {
  const file = torchvisionName(model);
  const digest = /-([0-9a-f]+)\.pth$/.exec(file)![1];
  const published = { place: join(home, file), server: TORCHVISION_SERVER, path: file };
  await fetchOnce(published, { algorithm: "sha256", digest }, options);
  return published.place;
}

const VERSIONS = ["IMAGENET1K_V1", "IMAGENET1K_V2"];

const timmPath = (model: string, part: "raw" | "resolve") =>
  `timm/${encodeURIComponent(model)}/${part}/main/model.safetensors`;

async function timmFile(
  model: string,
  home: string,
  options: LocateWeightsOptions,
): Promise<string> {
  const from = (part: "raw" | "resolve", file: string): PublishedFile => ({
    place: join(home, model, file),
    server: HUGGING_FACE,
    path: timmPath(model, part),
  });
  const pointer = from("raw", "pointer");
  try {
    if (!await exists(pointer.place)) await fetchPointer(pointer, options);
    const digest = /^oid sha256:([0-9a-f]{64})$/m.exec(await Deno.readTextFile(pointer.place))?.[1];
    if (digest === undefined) {
      await Deno.remove(pointer.place);
      throw new RunError(
        `timm/${model}: the server did not send the weights' checksum; try again later`,
      );
    }
    const weights = from("resolve", "model.safetensors");
    await fetchOnce(weights, { algorithm: "sha256", digest }, options);
    return weights.place;
  } catch (error) {
    if (!(error instanceof RunError) || model.includes(".")) throw error;
    throw new RunError(
      `${error.message}\nMost of timm's names have a tag, as in timm/resnet18.a1_in1k`,
      { cause: error },
    );
  }
}

/** Fetches a pointer; errors call it by its purpose. */
async function fetchPointer(pointer: PublishedFile, options: LocateWeightsOptions): Promise<void> {
  try {
    await fetchFile(pointer, { ...options, maxBytes: MAX_OF_POINTER });
  } catch (error) {
    if (!(error instanceof DownloadError)) throw error;
    throw new DownloadError("the weights' checksum", error.failures);
  }
}

/** Fetches a file unless it exists with this checksum. */
async function fetchOnce(
  file: PublishedFile,
  checksum: Checksum,
  options: LocateWeightsOptions,
): Promise<void> {
  const isThere = await exists(file.place);
  if (isThere && hasDigest(await digestOfFile(file.place, checksum.algorithm), checksum)) return;
  if (isThere) options.onNotice?.(`${file.place}: damaged; downloading it again`);
  await fetchFile(file, { ...options, checksum, maxBytes: MAX_BYTES });
}

async function fetchFile(
  { place, server, path }: PublishedFile,
  { mirror, ...options }: LocateWeightsOptions & Pick<DownloadOptions, "checksum" | "maxBytes">,
): Promise<void> {
  const servers = mirror === undefined ? [server] : [mirror.replace(/\/+$/, ""), server];
  await Deno.mkdir(dirname(place), { recursive: true });
  await download({ ...options, path: place, urls: servers.map((server) => `${server}/${path}`) });
}
