import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { serveDashboard } from "../../../cli/dashboard/server.ts";
import { withFolder } from "../../support/folder.ts";
import { holdRun, logEpoch, writeRun } from "../../support/synthetic_runs.ts";

interface Answer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
  readonly headers: Headers;
}

/** Serves a folder; `ask` sends requests with the token. */
function withServer(
  test: (
    folder: string,
    ask: (path: string) => Promise<Answer>,
    url: URL,
  ) => Promise<void>,
): Promise<void> {
  return withFolder(async (folder) => {
    await using dashboard = serveDashboard({ root: folder, reportCall: "overfold report" });
    const url = new URL(dashboard.url);
    const authorization = `Bearer ${url.searchParams.get("token")}`;
    await test(folder, async (path) => {
      const response = await fetch(new URL(path, url), { headers: { authorization } });
      const text = await response.text();
      const { status, headers } = response;
      return { status, headers, json: status === 200 ? JSON.parse(text) : text };
    }, url);
  });
}

/** The status line of the answer to a raw request. */
async function answerTo(port: string, lines: readonly string[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  await connection.write(
    new TextEncoder().encode([...lines, "connection: close", "", ""].join("\r\n")),
  );
  const text = await new Response(connection.readable).text();
  return text.split("\r\n")[0];
}

Deno.test("requests without the token, for another host or to write are rejected", () =>
  withServer(async (folder, ask, url) => {
    await writeRun(join(folder, "a"));
    const token = url.searchParams.get("token");
    const get = `GET /runs?since=0 HTTP/1.1`;
    const [own, key] = [`host: ${url.host}`, `authorization: Bearer ${token}`];
    const cases: [string[], string][] = [
      [[get, own, key], "HTTP/1.1 200 OK"],
      [[get, `host: localhost:1`, key], "HTTP/1.1 200 OK"],
      [[get, own], "HTTP/1.1 403 Forbidden"],
      [[get, own, `${key}x`], "HTTP/1.1 403 Forbidden"],
      [[get, own, "authorization: Bearer "], "HTTP/1.1 403 Forbidden"],
      [[get, `host: evil.example:${url.port}`, key], "HTTP/1.1 403 Forbidden"],
      [[get, `host: 127.0.0.1.evil.example`, key], "HTTP/1.1 403 Forbidden"],
      [[get.replace("/runs", "http://evil.example/runs"), own, key], "HTTP/1.1 403 Forbidden"],
      [[get.replace("GET", "POST"), own, key], "HTTP/1.1 405 Method Not Allowed"],
      [[`GET /?token=${token} HTTP/1.1`, own], "HTTP/1.1 200 OK"],
      [["GET / HTTP/1.1", own], "HTTP/1.1 403 Forbidden"],
    ];
    for (const [lines, expected] of cases) {
      assertEquals(await answerTo(url.port, lines), expected, lines.join());
    }
    for (const path of ["/other", "/log?run=b", "/log?run=../a", "/checkpoint?run=constructor"]) {
      assertEquals((await ask(path)).status, 404, path);
    }
    const { headers } = await ask("/runs?since=0");
    assertEquals(headers.get("access-control-allow-origin"), null);
    assertEquals(headers.get("cache-control"), "no-store");
    assertEquals(headers.get("content-security-policy"), "frame-ancestors 'none'");
  }));

Deno.test("runs are found two levels deep, and only changed ones are sent again", () =>
  withServer(async (folder, ask) => {
    await writeRun(join(folder, "a"), { epochs: 3, logged: 2 });
    await writeRun(join(folder, "compare", "conv-seed-0"));
    await writeRun(join(folder, "too", "deep", "run"));
    await Deno.mkdir(join(folder, "empty"));
    const { json: all } = await ask("/runs?since=0");
    assertEquals(all.names.toSorted(), ["a", "compare/conv-seed-0"]);
    assertEquals(all.isComplete, true);
    const first = all.changed.find(({ name }: { name: string }) => name === "a");
    assertEquals(
      [first.status, first.epoch, first.epochs, first.step, first.loss],
      ["stopped", 2, 3, 20, 0.5],
    );
    assertEquals(first.best, { epoch: 2, values: { loss: 0.75, accuracy: 0.02 } });
    assertEquals((await ask(`/runs?since=${all.version}`)).json.changed, []);

    using _lock = await holdRun(join(folder, "a"));
    await logEpoch(join(folder, "a"), 3);
    const { json: { changed, version } } = await ask(`/runs?since=${all.version}`);
    assertEquals(changed.length, 1);
    assertEquals([changed[0].status, changed[0].epoch], ["running", 3]);
    assertEquals((await ask(`/runs?since=${version}`)).json.changed, []);
  }));

Deno.test("a log is sent from an offset in whole lines, and restarts when it was truncated", () =>
  withServer(async (folder, ask) => {
    const run = join(folder, "a");
    await writeRun(run, { logged: 1 });
    const { json: { changed: [{ edition, bytes }] } } = await ask("/runs?since=0");
    const from = (metrics: number, timing: number, at = edition) =>
      ask(`/log?run=a&edition=${at}&metrics=${metrics}&timing=${timing}`);
    const { json: whole } = await from(0, 0, -1);
    const path = join(run, "metrics.jsonl");
    assertEquals(whole.metrics.text, await Deno.readTextFile(path));
    assertEquals([whole.metrics.end, whole.timing.end], [bytes.metrics, bytes.timing]);
    await Deno.writeTextFile(path, '{"event":"step","epoch":2}\n{"event":', { append: true });
    const { json: grown } = await from(bytes.metrics, bytes.timing);
    assertEquals([grown.metrics.text, grown.timing.text], ['{"event":"step","epoch":2}\n', ""]);
    assertEquals(grown.metrics.isMore, true);
    await Deno.truncate(path, 10);
    const { json: cut } = await from(bytes.metrics, bytes.timing);
    assert(cut.edition !== edition);
    assertEquals(cut.metrics.text, "");
  }));

Deno.test("an invalid config affects only its own run", () =>
  withServer(async (folder, ask) => {
    await writeRun(join(folder, "a"));
    await writeRun(join(folder, "b"));
    await Deno.writeTextFile(join(folder, "b", "config.yaml"), "model: { name: resnet }\n");
    const { json: { changed } } = await ask("/runs?since=0");
    const problems = Object.fromEntries(
      changed.map(({ name, problem }: Record<string, string>) => [name, problem]),
    );
    assertEquals(problems.a, undefined);
    assert(problems.b.includes("config.yaml:1:16 model.name"), problems.b);
  }));
