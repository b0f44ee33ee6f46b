import { assertEquals } from "@std/assert";
import { cpuFeatures } from "../../../../backends/wasm/features.ts";
import { runText } from "../../../support/own_process.ts";

const FEATURES = import.meta.resolve("../../../../backends/wasm/features.ts");

/** What a process detects after it has run a line. */
async function supportIn(firstLine: string, ...options: string[]): Promise<unknown> {
  const { out, error } = await runText(
    `const { log } = console, { stringify } = JSON;
    ${firstLine}
    const { cpuFeatures } = await import(${JSON.stringify(FEATURES)});
    log(stringify(cpuFeatures().native));`,
    ...options,
  );
  assertEquals(error, "");
  return JSON.parse(out);
}

Deno.test("native code needs Deno and the permission to call it", async () => {
  const { native } = cpuFeatures();
  assertEquals(await supportIn("", "--allow-ffi"), native);
  assertEquals(await supportIn("delete globalThis.Deno;"), { missing: "it needs Deno" });
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return;
  const refused = { missing: "it needs --allow-ffi" };
  assertEquals(await supportIn(""), refused);
  assertEquals(await supportIn("", "--allow-ffi=/lib/x86_64-linux-gnu/libc.so.6"), refused);
});
