/** A Slurm cluster of network namespaces on this machine. Needs root, slurm-wlm and munge. */
import { join } from "@std/path";
import type { Hosts } from "./hosts.ts";

/** Where Debian's plugin looks for `libpmix.so`, which is only in the development package. */
const PMIX = "/usr/lib/x86_64-linux-gnu/pmix2/lib";

/** A cluster, which exists until it is disposed of. */
export class Slurm implements AsyncDisposable {
  readonly #processes: Deno.ChildProcess[] = [];

  private constructor(private readonly hosts: Hosts, private readonly folder: string) {}

  /** Starts a cluster on hosts, with its files in `folder`. */
  static async start(hosts: Hosts, folder: string): Promise<Slurm> {
    const slurm = new Slurm(hosts, folder);
    try {
      await slurm.#start();
    } catch (error) {
      await slurm[Symbol.asyncDispose]();
      throw error;
    }
    return slurm;
  }

  /** Runs a Slurm command on the first node and returns its output. Throws if it fails. */
  async run(...command: string[]): Promise<string> {
    const [program, ...args] = this.#on(this.hosts.names[0], command);
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args,
      cwd: this.folder,
      env: this.#environment,
    }).output();
    const decoder = new TextDecoder();
    if (code !== 0) throw new Error(`${command.join(" ")}: ${decoder.decode(stderr)}`);
    return decoder.decode(stdout).trim();
  }

  get #environment(): Record<string, string> {
    return { SLURM_CONF: join(this.folder, "slurm.conf") };
  }

  /**
   * A command on a host. With `nsenter`, cgroups stay visible, which slurmd needs; PMIx keeps
   * sockets in a folder that hosts must not share.
   */
  #on(host: string, command: readonly string[]): string[] {
    const script = 'hostname "$0"; mkdir -p /run/pmix; mount -t tmpfs none /run/pmix; ' +
      `mount --bind ${join(this.folder, "pmix")} ${PMIX}; exec "$@"`;
    return [
      ...["nsenter", `--net=${this.hosts.networkOf(host)}`, "unshare", "--uts", "--mount"],
      ...["sh", "-c", script, host, ...command],
    ];
  }

  #spawn(host: string, ...command: string[]): void {
    const [program, ...args] = this.#on(host, command);
    this.#processes.push(
      new Deno.Command(program, {
        args,
        stdin: "null",
        stdout: "null",
        stderr: "null",
        env: this.#environment,
      }).spawn(),
    );
  }

  async #start(): Promise<void> {
    const { folder, hosts: { names } } = this;
    const at = (name: string) => join(folder, name);
    for (const name of ["state", ...names.map((name) => `spool-${name}`)]) {
      await Deno.mkdir(at(name));
    }
    await new Deno.Command("cp", { args: ["-a", PMIX, at("pmix")] }).output();
    await Deno.symlink("libpmix.so.2", at("pmix/libpmix.so"));
    await Deno.writeFile(at("munge.key"), crypto.getRandomValues(new Uint8Array(1024)), {
      mode: 0o400,
    });
    const [first] = names;
    const conf = [
      "ClusterName=test",
      `SlurmctldHost=${first}(${this.hosts.addressOf(first)})`,
      "SlurmUser=root",
      "SlurmdUser=root",
      `AuthInfo=socket=${at("munge.socket")}`,
      "ProctrackType=proctrack/linuxproc",
      "TaskPlugin=task/none",
      "ReturnToService=2",
      "KillWait=10",
      `StateSaveLocation=${at("state")}`,
      `SlurmctldPidFile=${at("slurmctld.pid")}`,
      `SlurmctldLogFile=${at("slurmctld.log")}`,
      `SlurmdSpoolDir=${at("spool-%n")}`,
      `SlurmdPidFile=${at("slurmd-%n.pid")}`,
      `SlurmdLogFile=${at("slurmd-%n.log")}`,
      ...names.map((name) =>
        `NodeName=${name} NodeAddr=${this.hosts.addressOf(name)} CPUs=2 State=UNKNOWN`
      ),
      `PartitionName=main Nodes=${names.join(",")} Default=YES MaxTime=INFINITE State=UP`,
    ];
    await Deno.writeTextFile(at("slurm.conf"), conf.join("\n") + "\n");
    await Deno.writeTextFile(at("cgroup.conf"), "CgroupPlugin=cgroup/v1\n");
    await Deno.writeTextFile(at("mpi.conf"), "PMIxCliTmpDirBase=/run/pmix\n");
    this.#spawn(first, "munged", "--foreground", "--force", ...[
      `--socket=${at("munge.socket")}`,
      `--key-file=${at("munge.key")}`,
      `--pid-file=${at("munge.pid")}`,
      `--log-file=${at("munge.log")}`,
      `--seed-file=${at("munge.seed")}`,
    ]);
    this.#spawn(first, "slurmctld", "-D");
    for (const name of names) this.#spawn(name, "slurmd", "-D", "-N", name);
    while (!await this.#isReady()) await new Promise((resolve) => setTimeout(resolve, 200));
  }

  async #isReady(): Promise<boolean> {
    try {
      const states = await this.run("sinfo", "--noheader", "--Node", "--format=%t");
      return states.split("\n").every((state) => state === "idle");
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) {
      try {
        process.kill("SIGKILL");
      } catch { /* It has ended. */ }
      await process.status;
    }
  }
}
