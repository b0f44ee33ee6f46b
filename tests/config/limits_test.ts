/** How large a config may be. */
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { loadConfig, parseConfig, parseStored } from "../../config/load.ts";
import { InputError } from "../../errors.ts";
import { messageOf } from "../support/config_messages.ts";

Deno.test("text that is too large, too deep or has too many aliases is rejected", async () => {
  const list = (item: string, count: number) => `[${Array(count).fill(item).join(",")}]`;
  const laughs = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]"];
  for (let i = 1; i < 12; i++) {
    laughs.push(`l${i}: &${"abcdefghijkl"[i]} ${list("*" + "abcdefghijkl"[i - 1], 9)}`);
  }
  const texts: [text: string, message: string][] = [
    ["a: &a 1\nb: " + list("*a", 25_000), "run.yaml:2:59999 holds more than 20,000 values"],
    [laughs.join("\n"), "run.yaml:5:12 holds more than 20,000 values"],
    ["a: &a " + list("1", 5000) + "\nb: " + list("*a", 9), "run.yaml:2:11 holds more than 20,000"],
    ["a: &a {b: {<<: *a}}", "run.yaml:1:16 holds more than 20,000"],
    ["a: {<<: 1}", "run.yaml:1:1 not valid YAML: Merge sources must be"],
    ["a: &a [*a]", "run.yaml:1:8 holds more than 20,000"],
    ["a: " + "[".repeat(300) + "]".repeat(300), "lie in each other"],
    ["a: " + "[".repeat(5000), "nested too deep"],
    ["#".repeat(300_000), "more than 256.0 KiB"],
    [`? "${"k".repeat(200_000)}"\n: 1`, "unknown key"],
    [`data: {dataset: ${"k".repeat(200_000)}}`, 'found "kkk'],
    ["model: {layers: " + list("x", 19_000) + "}", "model.layers.0"],
    [Array.from({ length: 15_000 }, (_, i) => `k${i}: 1`).join("\n"), "k1: unknown key"],
  ];
  for (const [text, message] of texts) {
    const found = messageOf(text);
    assertStringIncludes(found, message);
    assertEquals(found.split("\n").length <= 51, true, "long lists of mistakes are cut");
  }
  for (const config of [{ data: nested(100) }, { data: Array(20_001).fill(0) }]) {
    assertThrows(() => parseStored(config, "a.safetensors"), InputError, "a.safetensors: ");
  }
  if (Deno.build.os === "linux") await assertRejects(() => loadConfig("/dev/zero"));
});

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}

Deno.test("a config of 3000 layers is read from a file and from a checkpoint", () => {
  const layers = "    - conv2d: { outChannels: 16, kernelSize: 3, padding: 1, bias: false }\n" +
    "    - batch_norm2d\n    - relu\n";
  const { config } = parseConfig(
    `data: {dataset: mnist}\nmodel:\n  layers:\n${layers.repeat(1000)}`,
    "run.yaml",
  );
  assertEquals(parseStored(config, "a.safetensors").config, config);
});

Deno.test("many aliases of one anchor are allowed", () => {
  const layers = [...Array(105).fill("*conv"), "flatten", "{ linear: { outFeatures: 10 } }"];
  const text = "x-conv: &conv { conv2d: { outChannels: 8, kernelSize: 3, padding: 1 } }\n" +
    `data: {dataset: mnist}\nmodel: {layers: [${layers.join(", ")}]}\n`;
  assertEquals(parseConfig(text, "run.yaml").config.model.layers?.length, 107);
  const items = `[&a flatten, ${Array(150).fill("*a").join(", ")}]`;
  const { config } = parseConfig(text, "run.yaml", { set: [`model.layers=${items}`] });
  assertEquals(config.model.layers?.length, 151);
  assertStringIncludes(
    messageOf(text, ["seed=*none"]),
    "--set seed: not valid YAML: no anchor &none",
  );
});
