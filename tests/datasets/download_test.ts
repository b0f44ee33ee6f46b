import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { download, DownloadError, type DownloadOptions } from "../../datasets/download.ts";
import { StallWatch } from "../../datasets/stall_watch.ts";
import { type Checksum } from "../../files/checksum.ts";
import { type Reply, type Request, serveRange, startFaultServer } from "./fault_server.ts";

const content = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
const checksum: Checksum = {
  algorithm: "md5",
  digest: createHash("md5").update(content).digest("hex"),
};

/** Downloads from `urls` (paths on the server) and returns the file, the requests and the waits. */
async function attempt(
  handle: (request: Request) => Reply,
  options: Partial<DownloadOptions> = {},
  urls = ["/file"],
  part?: Uint8Array,
) {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "file.bin");
  if (part) await Deno.writeFile(`${path}.part`, part);
  await using server = startFaultServer(handle);
  const waits: number[] = [];
  try {
    let error: unknown;
    await download({
      path,
      urls: urls.map((url) => server.url + url),
      checksum,
      sleep: (milliseconds) => {
        waits.push(milliseconds);
        return Promise.resolve();
      },
      ...options,
    }).catch((thrown) => error = thrown);
    const left = [...Deno.readDirSync(folder)].map((entry) => entry.name);
    const file = left.includes("file.bin") ? await Deno.readFile(path) : undefined;
    return { error, file, left, waits, requests: server.requests };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a download writes the file, reports progress and leaves nothing else", async () => {
  const reports: string[] = [];
  const { file, left } = await attempt((request) => serveRange(content, request), {
    onProgress: ({ file, received, total }) => reports.push(`${file} ${received}/${total}`),
  });
  assertEquals(file, content);
  assertEquals(left, ["file.bin"]);
  assertEquals(reports[0], "file.bin 0/100000");
  assertEquals(reports.at(-1), "file.bin 100000/100000");
});

Deno.test("an interrupted transfer continues if the ETag is unchanged", async () => {
  const { file, requests } = await attempt((request) => ({
    ...serveRange(content, request, '"v1"'),
    ...(request.count === 1 ? { cutAfter: 30_000 } : {}),
  }));
  assertEquals(file, content);
  assertEquals(requests.map((request) => request.range), [undefined, "bytes=30000-"]);
  assertEquals(requests[1].ifRange, '"v1"');
});

Deno.test("a file that changes on the server during a download is fetched again", async () => {
  const old = content.map((byte) => byte ^ 1);
  const { file, requests } = await attempt((request) =>
    request.count === 1
      ? { ...serveRange(old, request, '"v1"'), cutAfter: 30_000 }
      : serveRange(content, request, '"v2"')
  );
  assertEquals(file, content);
  assertEquals(requests.length, 2);
});

Deno.test("the part of an earlier run is continued, from another source too", async () => {
  const { file, requests } = await attempt(
    (request) => request.path === "/gone" ? { status: 404 } : serveRange(content, request),
    {},
    ["/gone", "/file"],
    content.subarray(0, 60_000),
  );
  assertEquals(file, content);
  assertEquals(requests.map((request) => request.range), ["bytes=60000-", "bytes=60000-"]);
});

Deno.test("a complete part is verified and used", async () => {
  const { file, requests } = await attempt(
    (request) => serveRange(content, request),
    {},
    ["/file"],
    content,
  );
  assertEquals(file, content);
  assertEquals(requests.length, 1);
});

Deno.test("a part that does not match the file is discarded", async () => {
  const { file, requests } = await attempt(
    (request) => serveRange(content, request),
    {},
    ["/file"],
    new Uint8Array(60_000),
  );
  assertEquals(file, content);
  assertEquals(requests.map((request) => request.range), ["bytes=60000-", undefined]);
});

Deno.test("a checksum may be only the beginning of a digest", async () => {
  const beginning = { ...checksum, digest: checksum.digest.slice(0, 8) };
  const { file } = await attempt(() => ({ body: content }), { checksum: beginning });
  assertEquals(file, content);
  const { error } = await attempt(() => ({ body: content.slice(1) }), { checksum: beginning });
  assertStringIncludes(String(error), `expected md5:${beginning.digest}`);
});

Deno.test("without a checksum an earlier run's part is not trusted", async () => {
  const { file, requests } = await attempt(
    (request) => serveRange(content, request),
    { checksum: undefined },
    ["/file"],
    new Uint8Array(60_000),
  );
  assertEquals(file, content);
  assertEquals(requests[0].range, undefined);
});

Deno.test("a server that ignores Range is read from the start", async () => {
  const { file, requests } = await attempt((request) => ({
    body: content,
    ...(request.count === 1 ? { cutAfter: 30_000 } : {}),
  }));
  assertEquals(file, content);
  assertEquals(requests.length, 2);
});

Deno.test("wrong content is discarded and the next source tried", async () => {
  const { file, left, requests } = await attempt(
    (request) => ({ body: request.path === "/bad" ? content.slice().fill(0, 500, 600) : content }),
    {},
    ["/bad", "/good"],
  );
  assertEquals(file, content);
  assertEquals(left, ["file.bin"]);
  assertEquals(requests.map((request) => request.path), ["/bad", "/good"]);
});

Deno.test("a source that sends the same wrong content twice is abandoned", async () => {
  const { error, left, requests } = await attempt(() => ({ body: new Uint8Array(10) }));
  assertEquals(error instanceof DownloadError, true);
  assertEquals(requests.length, 2);
  assertEquals(left, []);
});

Deno.test("server errors are retried with exponential backoff", async () => {
  const { file, waits } = await attempt(
    (request) => request.count < 4 ? { status: 503 } : { body: content },
    { firstDelay: 100 },
  );
  assertEquals(file, content);
  assertEquals(waits, [100, 200, 400]);
});

Deno.test("a missing file is not retried, and the error names every source", async () => {
  const { error, requests, waits } = await attempt(
    (request) => ({ status: request.path === "/a" ? 404 : 500 }),
    { rounds: 3 },
    ["/a", "/b"],
  );
  const message = error instanceof DownloadError ? error.message : "";
  assertEquals(message.includes("/a: HTTP 404"), true, message);
  assertEquals(message.includes("/b: HTTP 500"), true, message);
  assertEquals(requests.map((request) => request.path), ["/a", "/b", "/b", "/b"]);
  assertEquals(waits.length, 2);
});

Deno.test("a stalled transfer is dropped and continued", async () => {
  const { file, requests } = await attempt((request) => ({
    ...serveRange(content, request, '"v1"'),
    ...(request.count === 1 ? { stallAfter: 1000 } : {}),
  }), { stallTimeout: 200 });
  assertEquals(file, content);
  assertEquals(requests[1].range, "bytes=1000-");
});

Deno.test("a slow server is abandoned for the next one", async () => {
  const { file, requests } = await attempt(
    (request) => ({
      ...serveRange(content, request),
      ...(request.path === "/slow" ? { stallAfter: 10 } : {}),
    }),
    { stallTimeout: 100 },
    ["/slow", "/fast"],
  );
  assertEquals(file, content);
  assertEquals(requests.map(({ path, range }) => [path, range]), [
    ["/slow", undefined],
    ["/fast", "bytes=10-"],
  ]);
});

Deno.test("too few bytes do not keep a transfer alive", async () => {
  using watch = new StallWatch(50);
  const drops = setInterval(() => watch.move(1), 10);
  await new Promise((resolve) => watch.signal.addEventListener("abort", resolve));
  clearInterval(drops);
  assertEquals(watch.message.endsWith(" bytes in 0.05 seconds"), true, watch.message);
  watch.move(1024);
  assertEquals(watch.drips, false);
});

Deno.test("a file larger than expected is rejected", async () => {
  const long = { body: content, headers: { "Content-Encoding": "identity" } };
  for (
    const [reply, reason] of [
      [{ body: content }, "the server's has 100000 bytes, expected at most 99999"],
      [long, "the server sends more bytes, expected at most 99999"],
    ] as const
  ) {
    const { error, requests, left } = await attempt(
      () => reply,
      { maxBytes: 99_999 },
      ["/file"],
      content,
    );
    assertEquals(error instanceof DownloadError && error.failures[0].reason, reason);
    assertEquals([requests.length, left], [1, []]);
  }
});

Deno.test("a server that sends nothing does not block the download forever", async () => {
  const { error, requests } = await attempt(
    (request) => ({ ...serveRange(content, request), cutAfter: 0 }),
    { rounds: 3 },
  );
  assertEquals(error instanceof DownloadError, true);
  assertEquals(requests.length, 3);
});

Deno.test("without retryUnreachable, a refused connection fails at once", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const folder = await Deno.makeTempDir();
  const waits: number[] = [];
  const error = await assertRejects(
    () =>
      download({
        path: join(folder, "file.bin"),
        urls: [`http://127.0.0.1:${port}/file`],
        retryUnreachable: false,
        sleep: (milliseconds) => {
          waits.push(milliseconds);
          return Promise.resolve();
        },
      }),
    DownloadError,
  );
  assertEquals(error.failures[0].reason, "the connection was refused");
  assertEquals(waits, []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("redirects are followed within the host, and elsewhere only with TLS", async () => {
  const to = (location: string) => ({ status: 302, headers: { location } });
  const moved = await attempt((request) =>
    request.path === "/file" ? to("/moved") : serveRange(content, request)
  );
  assertEquals(moved.file, content);
  await using other = startFaultServer((request) => serveRange(content, request));
  for (const location of [`${other.url}/file`, "file:///etc/passwd", "//[", "data:,x"]) {
    const { error, file, requests } = await attempt(() => to(location));
    assertEquals([error instanceof DownloadError, file, requests.length], [true, undefined, 1]);
    assertStringIncludes((error as Error).message, "expected the same host or an https address");
  }
  assertEquals(other.requests, []);
  const circle = await attempt(() => to("/file"));
  assertStringIncludes((circle.error as Error).message, "redirects more than 10 times");
});
