/** A loopback HTTP server whose replies can be cut, stalled or wrong. */

/** A received request. */
export interface Request {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  /** The number of requests for this path, including this one. */
  readonly count: number;
}

/** A reply; `Content-Length` is that of `body` unless `headers` has one. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Close the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  /** Stop after so many bytes of the body and keep the connection open. */
  readonly stallAfter?: number;
}

/** The running server. */
export interface FaultServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: Request[];
}

/** Answers every request by `handle`, one per connection. */
export function startFaultServer(handle: (request: Request) => Reply): FaultServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: Request[] = [];
  const open = new Set<Deno.Conn>();

  async function serve(conn: Deno.Conn) {
    open.add(conn);
    const request = await readRequest(conn);
    const counted = {
      ...request,
      count: requests.filter((past) => past.path === request.path).length + 1,
    };
    requests.push(counted);
    const reply = handle(counted);
    await send(conn, reply);
    if (reply.stallAfter === undefined) close(conn);
  }

  function close(conn: Deno.Conn) {
    if (open.delete(conn)) conn.close();
  }

  const running = (async () => {
    // Some tests disconnect early.
    for await (const conn of listener) serve(conn).catch(() => close(conn));
  })();
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const conn of open) close(conn);
      await running;
    },
  };
}

async function readRequest(conn: Deno.Conn): Promise<Omit<Request, "count">> {
  const buffer = new Uint8Array(4096);
  let text = "";
  while (!text.includes("\r\n\r\n")) {
    const length = await conn.read(buffer);
    if (length === null) throw new Error("the client disconnected");
    text += new TextDecoder().decode(buffer.subarray(0, length));
  }
  const [first, ...lines] = text.split("\r\n");
  const header = (name: string) =>
    lines.find((line) => line.toLowerCase().startsWith(`${name}:`))?.slice(name.length + 1).trim();
  return { path: first.split(" ")[1], range: header("range"), ifRange: header("if-range") };
}

async function send(conn: Deno.Conn, reply: Reply): Promise<void> {
  const { status = 200, headers = {}, body = new Uint8Array() } = reply;
  const fields = { "Content-Length": String(body.length), Connection: "close", ...headers };
  const head = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await writeTo(conn, new TextEncoder().encode(`HTTP/1.1 ${status} Reply\r\n${head}\r\n`));
  await writeTo(conn, body.subarray(0, reply.cutAfter ?? reply.stallAfter ?? body.length));
}

async function writeTo(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

/** The answer to a possible Range request for `content`. */
export function serveRange(content: Uint8Array, request: Request, etag?: string): Reply {
  const headers: Record<string, string> = etag ? { ETag: etag } : {};
  const from = Number(/^bytes=(\d+)-$/.exec(request.range ?? "")?.[1] ?? NaN);
  if (Number.isNaN(from) || (request.ifRange !== undefined && request.ifRange !== etag)) {
    return { headers, body: content };
  }
  if (from >= content.length) {
    return { status: 416, headers: { "Content-Range": `bytes */${content.length}` } };
  }
  headers["Content-Range"] = `bytes ${from}-${content.length - 1}/${content.length}`;
  return { status: 206, headers, body: content.subarray(from) };
}
