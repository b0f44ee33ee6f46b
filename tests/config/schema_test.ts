import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { configTemplate } from "../../cli/init.ts";
import { configJsonSchema, schemaFileText } from "../../config/json_schema.ts";
import { AUGMENTATIONS } from "../../datasets/augmentations/registry.ts";
import { DATASETS } from "../../datasets/registry.ts";
import { CONVOLUTIONS } from "../../layers/convolutions.ts";
import { MODELS } from "../../models/registry.ts";
import { LOGGERS } from "../../training/loggers/registry.ts";
import { OBJECTIVES } from "../../training/objectives/registry.ts";
import { OPTIMIZERS } from "../../training/optimizers/registry.ts";
import { SCHEDULES } from "../../training/schedules/registry.ts";
import { type JsonSchema, nodeAt } from "../../schema/json.ts";
import { loadConfig, parseConfig } from "../../config/load.ts";
import { BLOCKS } from "../../layers/blocks.ts";
import { LAYERS, layersSchema } from "../../layers/registry.ts";
import { exampleOptions } from "../support/example_options.ts";

const root = new URL("../../", import.meta.url);

Deno.test("schema.json is what `deno task schema` writes", async () => {
  assertEquals(await Deno.readTextFile(new URL("schema.json", root)), schemaFileText());
});

Deno.test("every key of schema.json is described", () => {
  const undescribed: string[] = [];
  const walk = (schema: JsonSchema, path: string) => {
    for (const [key, inner] of Object.entries(schema.properties ?? {})) {
      const chosen = inner.const !== undefined;
      if (!inner.description && !chosen) undescribed.push(`${path}.${key}`);
      walk(inner, `${path}.${key}`);
    }
    for (const branch of [...schema.anyOf ?? [], ...schema.oneOf ?? []]) walk(branch, path);
    if (schema.items) walk(schema.items, `${path}[]`);
  };
  walk(JSON.parse(schemaFileText()), "");
  assertEquals(undescribed, []);
});

Deno.test("every example and the template of init are valid configs", async () => {
  for await (const { name } of Deno.readDir(new URL("examples/", root))) {
    if (name.endsWith(".yaml")) await loadConfig(fromFileUrl(new URL(`examples/${name}`, root)));
  }
  assertEquals(parseConfig(configTemplate(), "config.yaml").config.data.dataset, "mnist");
});

Deno.test("the template of init names every registry entry", () => {
  const template = configTemplate();
  const registries = [
    AUGMENTATIONS,
    BLOCKS,
    CONVOLUTIONS,
    DATASETS,
    LAYERS,
    LOGGERS,
    MODELS,
    OBJECTIVES,
    OPTIMIZERS,
    SCHEDULES,
  ];
  const names = registries.flatMap((registry) => Object.keys(registry));
  const missing = names.filter((name) => !new RegExp(`\\W${name}(\\W|$)`).test(template));
  assertEquals(missing.filter((name) => name !== "layers"), []);
  assertEquals(template.split("\n").filter((line) => line.length > 100), []);
});

Deno.test("keys in comments of the template of init are keys of the schema", () => {
  const commented = [...configTemplate().matchAll(/^ {0,8}# +([a-z]\w*):/gm)].map(([, key]) => key);
  const schema = schemaFileText();
  assertEquals(commented.length > 10, true);
  assertEquals(commented.filter((key) => !schema.includes(`"${key}": {`)), []);
});

Deno.test("the template of init shows every key of its sections", () => {
  const schema = configJsonSchema();
  const template = configTemplate();
  const missing = ["data", "model", "training", "checkpoints"].flatMap((section) => {
    const from = template.indexOf(`\n${section}:\n`);
    const rest = template.slice(from + section.length + 3);
    const text = rest.slice(0, rest.search(/^\S/m) >>> 0);
    return Object.keys(nodeAt(schema, [section])?.properties ?? {})
      .filter((key) => !new RegExp(`^ {2}(# )?${key}:`, "m").test(text))
      .map((key) => `${section}.${key}`);
  });
  assertEquals(missing, []);
});

Deno.test("the schema accepts every layer of the registry", () => {
  for (const [name, entry] of Object.entries(LAYERS)) {
    const options = exampleOptions(entry);
    assertEquals(layersSchema.safeParse([{ [name]: options }]).error, undefined, name);
  }
});
