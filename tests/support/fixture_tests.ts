/** Tests from fixtures: the safetensors files of a folder, each on every backend. */
import { basename, dirname, fromFileUrl, join, relative } from "@std/path";
import type { Backend } from "../../backends/backend.ts";
import { referenceBackend } from "../../backends/reference/reference.ts";
import { testOnEveryBackend } from "./backends.ts";
import { Fixture, kindOf } from "./fixture.ts";
import { KINDS } from "./kinds.ts";
import { isThorough } from "./random_count.ts";
import { assertWithin } from "./tolerance.ts";

/** The folder of the project's own fixtures. */
export const OWN_FIXTURES = fromFileUrl(new URL("../fixtures", import.meta.url));

/**
 * The fixtures of some folders that run on WebGPU, where compiling shaders takes seconds per layer
 * and half a minute per model: together they cover every family of kernels. Of other folders every
 * third fixture runs. If more cases are requested, all run.
 */
const ON_WEBGPU: Readonly<Record<string, readonly string[]>> = {
  do_conv: [
    "k1x1_basic",
    "k3x1_dmul5_stride2x1_pad1x0_dilation2x1",
    "k3x3_depthwise_out2in_pad1",
    "k3x3_groups3_dmul18_pad1_nobias",
    "k3x3_pad1",
    "k3x3_reflect_depthwise_out2in_dmul18_pad3",
    "k5x5_circular_groups2_pad2",
    "k5x5_dmul50_stride2_pad2",
  ],
  models: ["cifar_resnet8_v1_do"],
  networks: [],
  reparameterized: [
    "acnet_3x3",
    "dbb_groups2_stride2",
    "do_dconv_se",
    "mobileone_depthwise",
    "orepa_3x3_groups2_internal12",
    "repvgg_do_conv",
  ],
};

/** Whether a fixture, with its index in its folder, runs on WebGPU. */
function isOnWebGpu(label: string, index: number): boolean {
  const names = ON_WEBGPU[dirname(label)];
  return isThorough || (names?.includes(basename(label, ".safetensors")) ?? index % 3 === 0);
}

/** Whether a file, by its path in {@link OWN_FIXTURES}, contains a whole model. */
export function isModel(label: string): boolean {
  return ["models", "networks"].includes(dirname(label));
}

/**
 * Registers tests for the files in `folder` whose relative path `chosen` accepts (default all).
 * Files of unknown kinds are reported as ignored. Returns these kinds.
 */
export function testFixtures(
  folder: string,
  chosen: (label: string) => boolean = () => true,
): string[] {
  const unknown = new Map<string, number>(), found = new Map<string, number>();
  for (const path of fixturePaths(folder)) {
    const label = relative(folder, path);
    if (!chosen(label)) continue;
    const name = kindOf(path);
    if (!Object.hasOwn(KINDS, name)) {
      unknown.set(name, (unknown.get(name) ?? 0) + 1);
      Deno.test.ignore(`fixture ${label}: nothing checks the kind "${name}"`, () => {});
      continue;
    }
    const kind = KINDS[name];
    const check = async (backend: Backend) => {
      const fixture = await Fixture.read(path, label);
      await kind.check(fixture, backend);
      assertWithin(fixture.comparisons(), kind.tolerance);
    };
    if (kind.isOfNoBackend) Deno.test(`fixture ${label}`, () => check(referenceBackend()));
    else {
      const index = found.get(dirname(label)) ?? 0;
      found.set(dirname(label), index + 1);
      const isChosen = folder !== OWN_FIXTURES || isOnWebGpu(label, index);
      testOnEveryBackend(`fixture ${label}`, check, (backend) => backend !== "webgpu" || isChosen);
    }
  }
  if (unknown.size > 0) {
    const kinds = [...unknown].map(([kind, files]) => `  ${kind}: ${files}`);
    console.warn(
      `SKIPPED: no file in tests/support/kinds checks the fixtures of these kinds:\n${
        kinds.join("\n")
      }`,
    );
  }
  return [...unknown.keys()];
}

/** All safetensors files in a folder and its subfolders, sorted. */
export function fixturePaths(root: string): string[] {
  return [...Deno.readDirSync(root)].flatMap((entry) => {
    const path = join(root, entry.name);
    if (entry.isDirectory) return fixturePaths(path);
    return entry.name.endsWith(".safetensors") ? [path] : [];
  }).sort();
}
