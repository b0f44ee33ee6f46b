import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { testInChromium } from "../support/chromium.ts";
import { jsonLines, overfold, startOverfold, TINY, withTinyConfig } from "./cli.ts";

testInChromium(
  "in Chromium, a dashboard follows runs and contacts only its server",
  new URL("dashboard_in_browser.ts", import.meta.url),
);

Deno.test("dashboard rejects paths that are not folders of runs and unavailable ports", () =>
  withTinyConfig(async (folder) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    const wrong = [
      [["runs"], "runs: expected a folder of runs"],
      [["tiny.yaml"], "tiny.yaml: expected a folder of runs"],
      [[".", "--port", "65536"], "--port: found 65536, expected at most 65535"],
      [[".", "--port", String(port)], `--port: port ${port} is in use`],
    ] as const;
    for (const [args, message] of wrong) {
      const { code, error } = await overfold(folder, "dashboard", ...args);
      assertEquals(code, 2, error);
      assertStringIncludes(error, message);
    }
    taken.close();
  }));

Deno.test("dashboard serves until interrupted and exits with 0", () =>
  withTinyConfig(async (folder) => {
    const process = startOverfold(folder, "dashboard", ".", "--json");
    for await (const { url } of jsonLines(process)) {
      const response = await fetch(String(url));
      assertStringIncludes(await response.text(), "<h1>Runs in .</h1>");
      process.kill("SIGINT");
    }
    assertEquals((await process.status).code, 0);
    await process.stderr.cancel();
  }));

Deno.test("train --dashboard serves the run until training ends and changes no result", () =>
  withTinyConfig(async (folder) => {
    const process = startOverfold(folder, "train", "tiny.yaml", "--dashboard", "--json");
    for await (const { event, url } of jsonLines(process)) {
      if (event !== "dashboard") continue;
      const { origin, searchParams } = new URL(String(url));
      assertEquals(searchParams.get("run"), "tiny");
      const headers = { authorization: `Bearer ${searchParams.get("token")}` };
      const { version } = await (await fetch(`${origin}/runs?since=0`, { headers })).json();
      assertEquals(version, 1);
    }
    assertEquals((await process.status).code, 0);
    await process.stderr.cancel();
    const plain = await overfold(folder, "train", "tiny.yaml", "--output", "plain");
    assertEquals(plain.code, 0, plain.error);
    const log = (run: string) => Deno.readTextFile(join(folder, run, "metrics.jsonl"));
    assertEquals(await log("runs/tiny"), await log("plain"));
  }, TINY.replace("epochs: 2", "epochs: 20")));
