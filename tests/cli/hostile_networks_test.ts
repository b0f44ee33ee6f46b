/** Malicious files: every command that reads a network rejects them with the reason. */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { run } from "../support/command_line.ts";
import { withFolder } from "../support/folder.ts";

const FILES = fromFileUrl(new URL("../networks/hostile/", import.meta.url));
const PICTURE = fromFileUrl(new URL("../fixtures/pictures/badcrc.png", import.meta.url));

/** What is wrong with each folded network. */
const FOLDED = {
  folded_fill_negative:
    "fill: shape is [2,3,-1,8]; expected a list of up to 8, each a whole number",
  folded_missing_operand: "subtract takes 2 inputs (input, other)",
  folded_no_logits: 'the network gives nothing; expected "logits" (f32 [1, 3])',
  folded_two_inputs: 'the network takes "pixels" (u8 [1, 10, 8, 3]), "more" (f32 [1, 2])',
  program_trap_201033: "avgPool2d takes 1 inputs (input)",
  program_trap_215400: 'uses the op "avgPool2dGradient", which is not an inference op',
};

/** What is wrong with each checkpoint. */
const CHECKPOINTS = {
  arch_bad_51296: "layer 4 (conv2d): conv2d: an image of 6x5 with 4 channels is too large",
  checkpoint_hangs_inspect: "maxPool2d: an image of 10x8 with 16777216 channels is too large",
  inspect_2333: "model layers: layers: found 7, expected a list that is not empty",
};

const CONFIG = `data:
  dataset: synthetic
model:
  layers: [flatten, { linear: { outFeatures: 10 } }]
`;

/** The commands that read a network; FILE stands for the file. */
const COMMANDS = [
  "predict FILE PICTURE",
  "site FILE --output OUT",
  "export FILE --output OUT",
  "eval FILE --config CONFIG",
  "inspect FILE",
  "import FILE --config CONFIG --output OUT",
  "train CONFIG --set model.pretrained=FILE --set output=OUT",
];

for (const [name, reason] of Object.entries({ ...FOLDED, ...CHECKPOINTS })) {
  Deno.test(`every command rejects ${name} and writes nothing`, async () => {
    await withFolder(async (folder) => {
      const file = join(FILES, `${name}.safetensors`);
      const config = join(folder, "config.yaml");
      await Deno.writeTextFile(config, CONFIG);
      const refused = async (command: string, why: string) => {
        const places = { FILE: file, PICTURE, CONFIG: config, OUT: join(folder, "out") };
        const args = command.split(" ").map((word) =>
          Object.entries(places).reduce((text, [key, path]) => text.replace(key, path), word)
        );
        const { code, error } = await run(...args);
        assertStringIncludes(error, file, command);
        assertStringIncludes(error, why, command);
        assertEquals([code, error.match(/\\n *at /)], [2, null], command);
      };
      for (const command of COMMANDS) await refused(command, reason);
      const isFolded = name in FOLDED;
      await refused("fold FILE --output OUT", isFolded ? "it is a folded network" : reason);
      await refused("calibrate FILE --config CONFIG", isFolded ? reason : "it is a checkpoint");
      await refused("bench FILE", "not a config");
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["config.yaml"]);
    });
  });
}
