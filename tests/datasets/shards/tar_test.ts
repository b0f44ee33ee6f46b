import { assertEquals, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { tarEntries } from "../../../datasets/shards/tar.ts";
import { InputError } from "../../../errors.ts";
import { FileWindow } from "../../../files/window.ts";
import { withFolder } from "../../support/folder.ts";
import { repairSum } from "../../support/tar.ts";

const FIXTURES = new URL("../../fixtures/shards/", import.meta.url);

function entriesOf(path: string | URL): [string, number, number, string][] {
  using file = new FileWindow(path instanceof URL ? path.pathname : path);
  return [...tarEntries(file)].map(({ name, offset, size, kind }) => [name, offset, size, kind]);
}

const EXPECTED: Record<string, [string, number, number, string][]> = JSON.parse(
  await Deno.readTextFile(new URL("entries.json", FIXTURES)),
);

for (const [name, expected] of Object.entries(EXPECTED)) {
  Deno.test(`the entries of ${name} match Python's tarfile`, () => {
    const found = entriesOf(new URL(name, FIXTURES)).map((entry) => [
      entry[0].replace(/\/$/, ""),
      ...entry.slice(1),
    ]);
    assertEquals(found, expected);
  });
}

/** Expects that an archive with changed bytes is rejected with this message. */
async function refused(
  name: string,
  change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | void,
  message: string,
): Promise<void> {
  const bytes = await Deno.readFile(new URL(name, FIXTURES));
  await withFolder(async (folder) => {
    const path = join(folder, "changed.tar");
    await Deno.writeFile(path, change(bytes) ?? bytes);
    assertThrows(() => entriesOf(path), InputError, message);
  });
}

/** Writes text into a header and updates its checksum. */
function field(
  bytes: Uint8Array,
  header: number,
  from: number,
  text: string,
  length = text.length,
) {
  bytes.fill(0, header + from, header + from + length);
  bytes.set(new TextEncoder().encode(text), header + from);
  repairSum(bytes.subarray(header, header + 512));
}

Deno.test("damaged, truncated and unsupported archives are rejected", async () => {
  const pax = EXPECTED["pax.tar"];
  // The pax header of the long name begins after the file before it.
  const extension = pax[4][1] + 512;
  const refusals: [string, Parameters<typeof refused>[1], string][] = [
    ["ustar.tar", (bytes) => bytes.subarray(0, 700), "at byte 512: a truncated entry"],
    ["ustar.tar", (bytes) => bytes.subarray(0, 512 + 100), "a truncated entry"],
    ["ustar.tar", (bytes) => void (bytes[512] ^= 1), "a header whose checksum does not match"],
    ["ustar.tar", (bytes) => void (bytes[0] ^= 1), "not a tar archive"],
    ["ustar.tar", (bytes) => field(bytes, 512, 124, "77777777777"), "truncated"],
    ["ustar.tar", (bytes) => field(bytes, 512, 124, "9x"), "an invalid number"],
    ["ustar.tar", (bytes) => field(bytes, 512, 156, "S"), '"0001.jpg" is sparse'],
    ["ustar.tar", (bytes) => field(bytes, 512, 156, "M"), "part of a file in several archives"],
    ["pax.tar", (bytes) => field(bytes, extension, 124, "4000000"), "truncated"],
    [
      "pax.tar",
      (bytes) => void bytes.fill(57, extension + 512, extension + 515),
      "invalid attributes",
    ],
  ];
  for (const [name, change, message] of refusals) await refused(name, change, message);
  // Numbers too large to represent.
  await refused("gnu.tar", (bytes) => {
    bytes.fill(255, 512 + 124, 512 + 136);
    repairSum(bytes.subarray(512, 1024));
  }, "an invalid number");
  await refused("pax.tar", (bytes) => {
    const text = new TextDecoder("latin1").decode(bytes);
    const at = text.indexOf(" path=", extension);
    bytes.set(new TextEncoder().encode(" GNU.sparse.x="), at);
  }, "a sparse file");
});

Deno.test("a long name applies to one entry and is limited in length", async () => {
  const bytes = await Deno.readFile(new URL("gnu.tar", FIXTURES));
  const long = EXPECTED["gnu.tar"].findIndex(([name]) => name.length > 200);
  const names = EXPECTED["gnu.tar"].map(([name]) => name);
  assertEquals(names[long + 2], "ä/ü 3.jpeg");
  // A name of 5,000 bytes, more than any file system accepts.
  const header = EXPECTED["gnu.tar"][long - 1][1] + 512;
  const longer = new Uint8Array(bytes.length + 5120);
  longer.set(bytes.subarray(0, header + 512));
  longer.fill(97, header + 512, header + 512 + 5000);
  longer.set(bytes.subarray(header + 1024), header + 512 + 5120);
  field(longer, header, 124, "00000011610", 12);
  await refused("gnu.tar", () => longer, "a name of 5000 bytes");
});
