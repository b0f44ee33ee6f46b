import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { packTar } from "npm:modern-tar@0.8.6";
import { locateFiles } from "../../datasets/locate.ts";
import { mnist } from "../../datasets/mnist.ts";
import { publishedEntry } from "../../datasets/published.ts";
import type { PublishedFiles } from "../../datasets/published_files.ts";
import { readDataFile } from "../../datasets/records.ts";
import { InputError, RunError } from "../../errors.ts";
import { temporaryPath } from "../../files/temporary.ts";
import { withFolder } from "../support/folder.ts";
import { startFaultServer } from "./fault_server.ts";

const archive = await (async () => {
  const body = new Uint8Array([1, 2, 3]);
  const tar = await packTar([{ header: { name: "tiny/data.bin", size: body.length }, body }]);
  const stream = new Blob([tar]).stream().pipeThrough(new CompressionStream("gzip"));
  return await new Response(stream).bytes();
})();
const md5 = "md5:" + createHash("md5").update(archive).digest("hex");
const sha256 = (bytes: Uint8Array) => "sha256:" + createHash("sha256").update(bytes).digest("hex");

function tinyDataset(officialUrl: string, checksum = md5): PublishedFiles {
  return {
    info: { name: "tiny" },
    files: ["data.bin"],
    gzipped: false,
    layouts: [".", "tiny", "tiny-binary/tiny"],
    remoteFiles: [{
      name: "tiny-binary.tar.gz",
      urls: [officialUrl],
      mirrorPath: "sets/tiny-binary.tar.gz",
      checksum,
      bytes: archive.length,
      recordBytes: 1000,
      contents: [{ name: "data.bin", checksum: sha256(new Uint8Array([1, 2, 3])) }],
    }],
  };
}

/** Serves the archive at the paths given, 404 elsewhere. */
const serving = (...paths: string[]) =>
  startFaultServer(({ path }) => paths.includes(path) ? { body: archive } : { status: 404 });

Deno.test("a root with the files takes precedence", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "tiny"));
    await Deno.writeFile(join(folder, "tiny", "data.bin"), new Uint8Array(1));
    const found = await locateFiles(tinyDataset("http://127.0.0.1:9/"), { root: folder });
    assertEquals(found.folder, join(folder, "tiny"));
    assertEquals(found.files.get("data.bin"), {
      path: join(folder, "tiny", "data.bin"),
      checksum: undefined,
    });
  });
});

Deno.test("the archive is downloaded once, unpacked into the cache and deleted", async () => {
  await using server = serving("/official.tar.gz");
  await withFolder(async (cache) => {
    const dataset = tinyDataset(`${server.url}/official.tar.gz`);
    const located = await locateFiles(dataset, { cache });
    assertEquals(
      await readDataFile(located.files.get("data.bin")!, 3, "tiny"),
      new Uint8Array([1, 2, 3]),
    );
    assertEquals(await locateFiles(dataset, { cache, download: false }), located);
    assertEquals(server.requests.length, 1);
    assertEquals([...Deno.readDirSync(join(cache, "datasets", "tiny"))].length, 1);
  });
});

Deno.test("a root without the files is an error, unless downloading is off", async () => {
  await using server = serving("/official.tar.gz");
  await withFolder(async (cache) => {
    const dataset = tinyDataset(`${server.url}/official.tar.gz`);
    const { folder } = await locateFiles(dataset, { cache });
    const root = join(cache, "nowhere");
    const error = await assertRejects(() => locateFiles(dataset, { cache, root }), InputError);
    for (const part of [`${root} does not contain data.bin`, "leave data.root out"]) {
      assertEquals(error.message.includes(part), true, error.message);
    }
    const found = await locateFiles(dataset, { cache, root, download: false });
    assertEquals(found.folder, folder);
  });
});

Deno.test("files are located only once", async () => {
  await using server = serving("/official.tar.gz");
  await withFolder(async (cache) => {
    const notices: string[] = [];
    const { about } = mnist;
    const { info } = await mnist.build({}, {});
    const dataset = {
      ...tinyDataset(`${server.url}/official.tar.gz`),
      about,
      info,
      load: () => Promise.reject(new InputError("no records")),
    };
    await locateFiles(dataset, { cache });
    const { locate, load } = await publishedEntry(dataset).build({}, {
      cache,
      root: join(cache, "nowhere"),
      download: false,
      onNotice: (line) => void notices.push(line),
    });
    await locate!();
    await assertRejects(load, InputError, "no records");
    assertEquals(notices.length, 1);
  });
});

Deno.test("concurrent callers download a dataset once", async () => {
  await using server = serving("/official.tar.gz");
  await withFolder(async (cache) => {
    const dataset = tinyDataset(`${server.url}/official.tar.gz`);
    await Promise.all([locateFiles(dataset, { cache }), locateFiles(dataset, { cache })]);
    assertEquals(server.requests.length, 1);
  });
});

Deno.test("a mirror is tried first, at its usual path and then directly, keeping its query", async () => {
  await using server = serving("/a/tiny-binary.tar.gz?key=1");
  await withFolder(async (cache) => {
    await locateFiles(tinyDataset(`${server.url}/official.tar.gz`), {
      cache,
      mirror: `${server.url}/a/?key=1`,
    });
    assertEquals(
      server.requests.map((request) => request.path),
      ["/a/sets/tiny-binary.tar.gz?key=1", "/a/tiny-binary.tar.gz?key=1"],
    );
  });
});

Deno.test("checksums can be overridden and turned off", async () => {
  await using server = serving("/official.tar.gz");
  const dataset = tinyDataset(`${server.url}/official.tar.gz`, "md5:" + "0".repeat(32));
  await withFolder(async (cache) => {
    const error = await assertRejects(() => locateFiles(dataset, { cache }), RunError);
    for (const part of [md5, "data.mirror", "data.root", "data.checksums", server.url, cache]) {
      assertEquals(error.message.includes(part), true, `${part} is not in: ${error.message}`);
    }
  });
  for (const checksum of [md5, "none"]) {
    await withFolder(async (cache) => {
      const checksums = { "tiny-binary.tar.gz": checksum };
      const { folder, files } = await locateFiles(dataset, { cache, checksums });
      assertEquals(await locateFiles(dataset, { cache, checksums, download: false }), {
        folder,
        files,
      });
      await Deno.writeFile(join(folder, "data.bin"), new Uint8Array([1, 2, 4]));
      await assertRejects(
        () => readDataFile(files.get("data.bin")!, 3, "tiny"),
        InputError,
        "the command `datasets download tiny` fetches it again",
      );
      await assertRejects(
        () => locateFiles(dataset, { cache, download: false }),
        InputError,
        "was not found",
        "files under another checksum are not taken for the published ones",
      );
    });
  }
});

Deno.test("a changed byte in the cache is detected when it is read", async () => {
  await using server = serving("/official.tar.gz");
  await withFolder(async (cache) => {
    const dataset = tinyDataset(`${server.url}/official.tar.gz`);
    const { folder, files } = await locateFiles(dataset, { cache });
    const path = join(folder, "data.bin");
    await Deno.writeFile(path, new Uint8Array([1, 2, 4]));
    const error = await assertRejects(
      () => readDataFile(files.get("data.bin")!, 3, "tiny"),
      InputError,
      "was changed or replaced since its download",
    );
    assertEquals(error.message.startsWith(path), true);
    await Deno.remove(path);
    const again = await locateFiles(dataset, { cache });
    assertEquals((await readDataFile(again.files.get("data.bin")!, 3, "tiny")).length, 3);
  });
});

Deno.test("a file in the cache without a known checksum is ignored", async () => {
  await withFolder(async (cache) => {
    const dataset = { ...tinyDataset("http://127.0.0.1:9/"), gzipped: true };
    const home = join(cache, "datasets", "tiny");
    await Deno.mkdir(home, { recursive: true });
    await Deno.writeFile(join(home, "data.bin.gz"), new Uint8Array(1));
    await assertRejects(() => locateFiles(dataset, { cache, download: false }), InputError);
    await Deno.writeFile(join(home, "data.bin"), new Uint8Array([1, 2, 3]));
    const { files } = await locateFiles(dataset, { cache, download: false });
    assertEquals(files.get("data.bin")?.path, join(home, "data.bin"));
  });
});

Deno.test("an archive put into the cache by hand is verified, used and kept", async () => {
  await withFolder(async (cache) => {
    const dataset = tinyDataset("http://127.0.0.1:9/");
    const path = join(cache, "datasets", "tiny", "tiny-binary.tar.gz");
    await Deno.mkdir(join(cache, "datasets", "tiny"), { recursive: true });
    await Deno.writeFile(path, archive.slice(1));
    await assertRejects(() => locateFiles(dataset, { cache }), InputError, "its checksum is");
    await Deno.writeFile(path, archive);
    await locateFiles(dataset, { cache });
    assertEquals(await Deno.readFile(path), archive);
  });
});

Deno.test("a downloaded archive left by a killed process is verified, used and removed", async () => {
  await using server = serving("/official.tar.gz");
  await withFolder(async (cache) => {
    const dataset = tinyDataset(`${server.url}/official.tar.gz`);
    const home = join(cache, "datasets", "tiny");
    await Deno.mkdir(temporaryPath(join(home, "tiny-binary")), { recursive: true });
    await Deno.writeFile(join(home, "tiny-binary.tar.gz.downloaded"), archive);
    await locateFiles(dataset, { cache });
    assertEquals(server.requests, []);
    assertEquals([...Deno.readDirSync(home)].map(({ name }) => name), ["tiny-binary"]);
    // One that does not match the checksum is fetched again.
    await Deno.remove(home, { recursive: true });
    await Deno.mkdir(home);
    await Deno.writeFile(join(home, "tiny-binary.tar.gz.downloaded"), archive.slice(1));
    await locateFiles(dataset, { cache });
    assertEquals(server.requests.length, 1);
    assertEquals([...Deno.readDirSync(home)].map(({ name }) => name), ["tiny-binary"]);
  });
});

Deno.test("invalid options are rejected", async () => {
  const dataset = tinyDataset("http://127.0.0.1:9/");
  await withFolder(async (cache) => {
    const refused: [Parameters<typeof locateFiles>[1], string][] = [
      [{ download: false }, "downloading is off"],
      [{ root: "a".repeat(300) }, "images cannot be read: File name too long"],
      [{ mirror: "example.org" }, "data.mirror"],
      // Even if root is given.
      [{ mirror: "ftp://example.org", root: cache, download: false }, "data.mirror"],
      [{ checksums: { "tiny.zip": "none" } }, 'no file "tiny.zip"'],
      [{ checksums: { "tiny-binary.tar.gz": "crc:1" } }, "is not a checksum"],
    ];
    for (const [options, message] of refused) {
      await assertRejects(() => locateFiles(dataset, { cache, ...options }), InputError, message);
    }
  });
});

Deno.test("a cache that cannot be written is an input error", async () => {
  await withFolder(async (folder) => {
    const cache = join(folder, "cache");
    await Deno.writeTextFile(cache, "a file");
    const error = await assertRejects(
      () => locateFiles(tinyDataset("http://127.0.0.1:9/"), { cache }),
      InputError,
      "OVERFOLD_CACHE",
    );
    assertEquals(error.message.startsWith(join(cache, "datasets", "tiny")), true);
  });
});
