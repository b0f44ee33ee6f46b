/** MPI launchers on this machine, and trainings that they start. */
import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** A launcher, and how it starts ranks on this machine. */
export interface TestLauncher {
  readonly name: "Open MPI" | "MPICH";
  readonly program: string;
  readonly options: readonly string[];
  /** Its own library. */
  readonly library: string;
}

/** The launchers on this machine, from Debian's packages openmpi-bin and mpich. */
export const LAUNCHERS: readonly TestLauncher[] = [
  {
    name: "Open MPI" as const,
    program: "mpirun.openmpi",
    options: ["--oversubscribe", "--bind-to", "none"],
    library: "libmpi.so.40",
  },
  { name: "MPICH" as const, program: "mpiexec.mpich", options: [], library: "libmpich.so.12" },
].filter(({ name, program }) => {
  const isThere = isProgram(program);
  if (!isThere) console.warn(`SKIPPED: trainings with ${name}; ${program} not found`);
  return isThere;
});

/** Environment variables for tests that run as root. */
export const MPI_ENVIRONMENT = {
  OMPI_ALLOW_RUN_AS_ROOT: "1",
  OMPI_ALLOW_RUN_AS_ROOT_CONFIRM: "1",
  // Open MPI's default for shared memory needs a permission that containers may lack.
  OMPI_MCA_btl_vader_single_copy_mechanism: "none",
  NO_COLOR: "1",
};

/** A command for `overfold ARGS…` that writes its process id to `pid-RANK` in the folder. */
export function rankCommand(folder: string, args: readonly string[]): string[] {
  const script = `echo $$ > "$0/pid-\${OMPI_COMM_WORLD_RANK:-$PMI_RANK}"; exec "$@"`;
  const overfold = [
    ...[Deno.execPath(), "run", "--config", join(ROOT, "deno.json"), "--no-check", "--allow-all"],
    ...[join(ROOT, "cli.ts"), ...args],
  ];
  return ["sh", "-c", script, folder, ...overfold];
}

/** Starts `overfold ARGS…` in the folder on several ranks. */
export function startRanks(
  { program, options }: TestLauncher,
  count: number,
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Deno.ChildProcess {
  return new Deno.Command(program, {
    args: [...options, "-n", String(count), ...rankCommand(folder, args)],
    cwd: folder,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    env: { ...MPI_ENVIRONMENT, OVERFOLD_CACHE: join(folder, "cache"), ...env },
  }).spawn();
}

/** The process id of a rank that {@link rankCommand} started. */
export async function pidOf(folder: string, rank: number): Promise<number> {
  return Number(await Deno.readTextFile(join(folder, `pid-${rank}`)));
}

/** How a disturbed training ended. */
export interface Disturbed {
  readonly code: number;
  /** Time since the disturbance. */
  readonly seconds: number;
  readonly error: string;
}

/** Disturbs a training with `--json` after a step, and waits for its end. */
export async function disturbed(
  process: Deno.ChildProcess,
  atStep: number,
  disturb: () => unknown,
): Promise<Disturbed> {
  const error = new Response(process.stderr).text();
  let out = "", begun = 0;
  // Launchers print lines of their own.
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    out += text;
    const [, step] = /.*"event":"step".*?"step":(\d+)/s.exec(out) ?? [];
    if (begun > 0 || step === undefined || Number(step) < atStep) continue;
    begun = performance.now();
    await disturb();
  }
  const { code } = await process.status;
  if (begun === 0) throw new Error(`it ended before step ${atStep}: ${await error}`);
  return { code, seconds: (performance.now() - begun) / 1000, error: await error };
}

/** Waits until a process, which need not be a child, has ended. */
export async function endOf(pid: number): Promise<void> {
  const isThere = async () => {
    const { success } = await new Deno.Command("sh", {
      args: ["-c", `kill -0 ${pid}`],
      stderr: "null",
    }).output();
    return success;
  };
  while (await isThere()) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Whether there is a program with this name in PATH. */
export function isProgram(name: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(join(folder, name)).isFile;
    } catch {
      return false;
    }
  });
}
