/**
 * The dashboard's server: one page, and JSON for it. It listens on this machine only, answers only
 * requests with the token from the printed address and this machine's name, and only reads.
 *
 * Other programs on this machine, and web pages in a local browser, can reach the port. The token keeps
 * out both; the `Host` header keeps out a page whose own domain resolves here (DNS rebinding). Its port
 * may differ, as with `ssh -L`.
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { InputError, RunError, UserError } from "../../errors.ts";
import type { DashboardData } from "../../pages/dashboard/data.ts";
import { pageHtml } from "../../pages/page.ts";
import { checkpointData } from "./checkpoint.ts";
import { RunList } from "./run_list.ts";

/** The first port to try by default, and the number of ports. */
export const DEFAULT_PORT = 4700;
const NEXT_PORTS = 20;

const HOST = "127.0.0.1";
const HOSTS = [HOST, "localhost"];

/** For every answer: no caching, no frames, no type sniffing. */
const HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
};

/** How a dashboard is served. */
export interface ServeOptions extends DashboardData {
  /** Default: the first free one from {@link DEFAULT_PORT}. */
  readonly port?: number;
}

interface Dashboard extends AsyncDisposable {
  /** Its address, with the token. */
  readonly url: string;
}

/** Serves a dashboard of the runs in a folder. Throws InputError for an unavailable port. */
export function serveDashboard({ port, ...data }: ServeOptions): Dashboard {
  const token = crypto.getRandomValues(new Uint8Array(24)).toBase64({ alphabet: "base64url" });
  const html = pageHtml({ title: `Runs in ${data.root}`, page: "dashboard", data, isServed: true });
  // Computed at the first request of the page.
  html.catch(() => {});
  const answers: Answers = { html, runs: new RunList(data.root), data };
  const stop = new AbortController();
  const server = listen(port, stop.signal, async (request) => {
    const { status, body, type } = await answer(request, token, answers);
    return new Response(request.method === "HEAD" ? null : body, {
      status,
      headers: { ...HEADERS, "content-type": `${type}; charset=utf-8` },
    });
  });
  return {
    url: `http://${HOST}:${server.addr.port}/?token=${token}`,
    async [Symbol.asyncDispose]() {
      // Open pages keep their connections.
      stop.abort();
      await server.finished;
    },
  };
}

interface Answers {
  readonly html: Promise<string>;
  readonly runs: RunList;
  readonly data: DashboardData;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type: "text/plain" | "text/html" | "application/json";
}

async function answer(request: Request, token: string, answers: Answers): Promise<Answer> {
  const refused = (status: number, body: string): Answer => ({ status, body, type: "text/plain" });
  const { pathname, searchParams, hostname } = new URL(request.url);
  const host = request.headers.get("host") ?? "";
  if (!HOSTS.includes(hostname) || !HOSTS.includes(host.replace(/:\d+$/, ""))) {
    return refused(403, `this dashboard is served at ${HOST} only`);
  }
  const given = request.headers.get("authorization")?.replace(/^Bearer /, "") ??
    searchParams.get("token") ?? "";
  if (!isSame(given, token)) {
    return refused(403, "open the address that the dashboard printed: it contains the token");
  }
  if (!["GET", "HEAD"].includes(request.method)) return refused(405, "a dashboard is read-only");
  try {
    if (pathname === "/") return { status: 200, body: await answers.html, type: "text/html" };
    const found = await dataFor(pathname, searchParams, answers);
    if (found === undefined) return refused(404, "not found");
    return { status: 200, body: JSON.stringify(found), type: "application/json" };
  } catch (error) {
    // A run may be deleted or rewritten while it is read.
    if (error instanceof UserError || error instanceof Deno.errors.NotFound) {
      return refused(500, error.message);
    }
    throw error;
  }
}

async function dataFor(
  path: string,
  asked: URLSearchParams,
  { runs, data }: Answers,
): Promise<unknown> {
  const number = (name: string) => {
    const value = Number(asked.get(name));
    return Number.isSafeInteger(value) && value >= 0 ? value : 0;
  };
  if (path === "/runs") return await runs.changes(number("since"));
  const run = runs.get(asked.get("run") ?? "");
  if (!run) return undefined;
  if (path === "/log") {
    const from = { metrics: number("metrics"), timing: number("timing") };
    return await run.logFrom(number("edition"), from);
  }
  if (path === "/checkpoint") return await checkpointData(run.folder, data.reportCall);
}

/** Whether two texts are equal, in a time that does not depend on their common prefix. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function listen(
  port: number | undefined,
  signal: AbortSignal,
  handler: Deno.ServeHandler<Deno.NetAddr>,
): Deno.HttpServer<Deno.NetAddr> {
  const ports = port === undefined
    ? Array.from({ length: NEXT_PORTS }, (_, i) => DEFAULT_PORT + i)
    : [port];
  for (const port of ports) {
    try {
      return Deno.serve({ hostname: HOST, port, signal, onListen() {} }, handler);
    } catch (error) {
      if (error instanceof Deno.errors.AddrInUse) continue;
      if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
      throw new InputError(
        `--port: port ${port} is reserved for the administrator; choose one above 1023`,
      );
    }
  }
  if (port !== undefined) {
    throw new InputError(`--port: port ${port} is in use; choose another, or leave --port out`);
  }
  throw new RunError(
    `ports ${DEFAULT_PORT} to ${ports.at(-1)} are in use; choose a free one with --port`,
  );
}
